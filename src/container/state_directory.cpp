#include "container/state_directory.hpp"

#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>

#include "support/syscall.hpp"

namespace pysandbox::container {
namespace {

std::string default_directory() {
  if (::geteuid() == 0) return "/run/pysandbox";
  if (const char* runtime = std::getenv("XDG_RUNTIME_DIR"); runtime != nullptr && *runtime == '/') {
    if (::access(runtime, W_OK) == 0) return std::string(runtime) + "/pysandbox";
  }
  return "/tmp/pysandbox-" + std::to_string(::geteuid());
}

// A directory that somebody else could write would let them hold all slots.
void make_private_directory(const std::string& path) {
  if (::mkdir(path.c_str(), 0700) != 0 && errno != EEXIST) {
    check(-1, "making " + path + " for the locks of running jobs", ErrorCode::sandbox_unavailable);
  }
  struct stat status {};
  check(::lstat(path.c_str(), &status), "looking at " + path, ErrorCode::sandbox_unavailable);
  if (!S_ISDIR(status.st_mode) || status.st_uid != ::geteuid() || (status.st_mode & 022) != 0) {
    throw Error(ErrorCode::sandbox_unavailable,
                path +
                    " must be a directory that only its owner can write, and yours; remove it or name another one "
                    "as state_directory");
  }
}

}  // namespace

std::string make_state_directory(const std::string& given) {
  std::string path = given.empty() ? default_directory() : given;
  make_private_directory(path);
  return path;
}

}  // namespace pysandbox::container
