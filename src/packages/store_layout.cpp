#include "packages/store_layout.hpp"

#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <filesystem>
#include <system_error>

#include <pysandbox/error.hpp>

#include "packages/tree.hpp"
#include "support/failpoint.hpp"
#include "support/in_quotes.hpp"
#include "support/random_id.hpp"
#include "support/syscall.hpp"

namespace pysandbox::packages {
namespace {

constexpr const char* folders[] = {"wheels",       "built",  "environments", "requests", "names",
                                   "interpreters", "leases", "locks",        "cache",    "new"};

std::string absolute(const std::string& path) {
  if (path.empty() || path.find('\0') != std::string::npos) {
    throw Error(ErrorCode::invalid_request,
                "The directory of a store of environments is " + in_quotes(path) + "; name an existing or new one");
  }
  std::string result = std::filesystem::absolute(path).lexically_normal().string();
  while (result.size() > 1 && result.back() == '/') result.pop_back();
  return result;
}

// Somebody who looks for leftovers may hold it for a moment.
FileLock take_own_lock(const std::string& path) { return FileLock::take(path, Hold::exclusive, {}, {}); }

}  // namespace

StoreLayout::StoreLayout(const std::string& directory) : root_(absolute(directory)) {
  std::error_code failure;
  std::filesystem::create_directories(std::filesystem::path(root_).parent_path(), failure);
  if (::mkdir(root_.c_str(), 0700) != 0 && errno != EEXIST) {
    check(-1, "Making the directory " + in_quotes(root_) + " for environments");
  }
  for (const char* folder : folders) {
    if (::mkdir((root_ + "/" + folder).c_str(), 0755) != 0 && errno != EEXIST) {
      check(-1, "Making " + in_quotes(root_ + "/" + folder));
    }
  }
  remove_leftovers();
}

void StoreLayout::write_whole(const std::string& path, const std::string& text) const {
  const std::string temporary = root_ + "/new/" + random_id() + ".json";
  const UniqueFd file(::open(temporary.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600));
  check(file.get(), "Making " + in_quotes(temporary));
  const bool written = write_all(file.get(), text) && ::fsync(file.get()) == 0;
  if (!written || ::rename(temporary.c_str(), path.c_str()) != 0) {
    const int error = errno;
    ::unlink(temporary.c_str());
    errno = error;
    check(-1, "Writing " + in_quotes(path));
  }
}

// A maker locks first and makes then, and removes its lock last: what has no locked lock has no maker.
void StoreLayout::remove_leftovers() const {
  std::error_code ignored;
  for (const auto& entry : std::filesystem::directory_iterator(root_ + "/new", ignored)) {
    const std::string path = entry.path().string();
    if (entry.path().extension() == ".json") {
      struct stat status {};
      constexpr time_t long_ago = 3600;  // it lives for a moment only
      if (::stat(path.c_str(), &status) == 0 && status.st_mtime < ::time(nullptr) - long_ago) ::unlink(path.c_str());
      continue;
    }
    const bool is_lock = entry.path().extension() == ".lock";
    const std::string lock_path = is_lock ? path : path + ".lock";
    auto lock = FileLock::try_take(lock_path, Hold::exclusive);
    if (!lock) continue;
    remove_tree(lock_path.substr(0, lock_path.size() - 5));
    lock->remove();
  }
}

WorkPlace::WorkPlace(const StoreLayout& layout)
    : path_(layout.root() + "/new/" + random_id()), lock_(take_own_lock(path_ + ".lock")) {
  check(::mkdir(path_.c_str(), 0700), "Making " + in_quotes(path_));
}

WorkPlace::~WorkPlace() {
  try {
    remove_tree(path_);
    lock_.remove();
  } catch (const Error&) {
    // The next one to open the store removes it.
  }
}

std::string WorkPlace::make_directory(const std::string& name) const {
  const std::string path = path_ + "/" + name;
  check(::mkdir(path.c_str(), 0755), "Making " + in_quotes(path));
  return path;
}

bool move_into_place(const std::string& from, const std::string& to) {
  failpoint("before_moving_into_place");
  if (::rename(from.c_str(), to.c_str()) == 0) {
    const std::string parent = to.substr(0, to.rfind('/'));
    const UniqueFd directory(::open(parent.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    if (directory) ::fsync(directory.get());
    failpoint("after_moving_into_place");
    return true;
  }
  if (errno != EEXIST && errno != ENOTEMPTY) check(-1, "Moving a finished directory to " + in_quotes(to));
  return false;
}

}  // namespace pysandbox::packages
