#include "environment/spool_file.hpp"

#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#include <cerrno>
#include <filesystem>
#include <memory>
#include <string_view>
#include <system_error>
#include <utility>

#include "support/in_quotes.hpp"
#include "support/syscall.hpp"

namespace pysandbox {
namespace {

std::string directory_for_temporary_files() {
  std::error_code failure;
  const auto path = std::filesystem::temp_directory_path(failure);
  return failure ? "/tmp" : path.string();
}

// A file system that knows no file without a name (NFS, older overlayfs) has one with a name for a moment.
UniqueFd open_and_unlink(const std::string& directory) {
  std::string path = directory + "/pysandbox-input-XXXXXX";
  UniqueFd file(::mkostemp(path.data(), O_CLOEXEC));
  if (file) ::unlink(path.c_str());
  return file;
}

UniqueFd open_without_name(const std::string& directory) {
  UniqueFd file(::open(directory.c_str(), O_TMPFILE | O_RDWR | O_EXCL | O_CLOEXEC, 0600));
  return file || (errno != EOPNOTSUPP && errno != EISDIR) ? std::move(file) : open_and_unlink(directory);
}

}  // namespace

SpoolFile::SpoolFile(const std::string& directory) {
  const std::string place = directory.empty() ? directory_for_temporary_files() : directory;
  file_ = open_without_name(place);
  if (!file_) {
    throw Error(ErrorCode::unavailable, "A file for an input cannot be made in " + in_quotes(place) + ": " +
                                            errno_text(errno) + "; name a directory that this user can write to");
  }
}

void SpoolFile::write(std::span<const std::byte> bytes) {
  if (write_all(file_.get(), std::string_view(reinterpret_cast<const char*>(bytes.data()), bytes.size()))) return;
  throw Error(ErrorCode::unavailable, "Writing an input to a file failed: " + errno_text(errno) +
                                          "; free some space where inputs are kept and try again");
}

ByteSource SpoolFile::read_all() && {
  pysandbox::check(::lseek(file_.get(), 0, SEEK_SET), "reading an input back");
  // std::function wants a copy to be possible; copies go on where the others are.
  return [file = std::make_shared<UniqueFd>(std::move(file_))](std::span<std::byte> buffer) {
    ssize_t count;
    do {
      count = ::read(file->get(), buffer.data(), buffer.size());
    } while (count < 0 && errno == EINTR);
    return static_cast<std::size_t>(pysandbox::check(count, "reading an input back"));
  };
}

}  // namespace pysandbox
