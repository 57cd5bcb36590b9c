#include <pysandbox/error.hpp>
#include <pysandbox/job_store.hpp>

#include <fmt/format.h>

#include <sys/stat.h>

#include <cerrno>
#include <filesystem>

#include "job/job_rules.hpp"
#include "job/sql_job_store.hpp"
#include "job/sqlite_database.hpp"
#include "support/syscall.hpp"

namespace pysandbox {
namespace {

// SQLite gives new files the mode of the umask, and an extra open() and close() of
// ours would drop the locks that other connections of this process hold on the file.
void make_private_file(const std::string& path) {
  if (::mknod(path.c_str(), S_IFREG | S_IRUSR | S_IWUSR, 0) == 0 || errno == EEXIST) return;
  throw Error(ErrorCode::unavailable,
              fmt::format("making the job database {}: {}; make its directory, writable for this user", path,
                          errno_text(errno)));
}

// Absolute, so that SQLite sees no special name in it, such as ":memory:".
std::string file_path(const std::string& path) {
  if (path.empty() || path.find('\0') != std::string::npos) {
    throw Error(ErrorCode::invalid_request, "the path of the job database is empty or holds a NUL; name a file");
  }
  std::error_code error;
  const auto absolute = std::filesystem::absolute(path, error);
  if (error)
    throw Error(ErrorCode::unavailable,
                fmt::format("finding the job database {}: {}; give an absolute path", path, error.message()));
  return absolute.string();
}

}  // namespace

std::unique_ptr<JobStore> open_sqlite_job_store(const std::string& path, const JobStoreOptions& options) {
  check_options(options);
  const std::string file = file_path(path);
  make_private_file(file);
  return make_sql_job_store(open_sqlite_database(file), options);
}

}  // namespace pysandbox
