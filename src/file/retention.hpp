// Keeping a file that is in use and removing one that is not, by its age: since it was written or last renewed. Both
// go by the lock of the file itself, so that in whatever order they come, in one process or in several, a file that was
// renewed is young for whoever would remove it.
#pragma once

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <chrono>
#include <string>

#include "file/byte_flow.hpp"
#include "file/storage_error.hpp"
#include "support/failpoint.hpp"
#include "support/in_quotes.hpp"
#include "support/unique_fd.hpp"

namespace pysandbox {

// The lock of an open file, which must stay open as long as this lives. `what` is what to say when locking fails.
class FileLock {
 public:
  enum class Wait { until_free, never };

  FileLock(int fd, Wait wait, const std::string& what) : fd_(fd) {
    int result;
    do {
      result = ::flock(fd, wait == Wait::never ? LOCK_EX | LOCK_NB : LOCK_EX);
    } while (result != 0 && errno == EINTR);
    held_ = result == 0;
    if (!held_ && errno != EWOULDBLOCK) throw storage_error(errno, what);
  }

  // Said aloud: closing the file is not enough where a child of this process has a copy of the descriptor (flock(2)).
  ~FileLock() {
    if (held_) ::flock(fd_, LOCK_UN);
  }

  FileLock(const FileLock&) = delete;
  FileLock& operator=(const FileLock&) = delete;

  bool held() const noexcept { return held_; }

 private:
  int fd_;
  bool held_ = false;
};

// Makes `time` the time of an open file. The kernel's own would be that of its last tick.
inline void stamp(int fd, std::chrono::system_clock::time_point time, const std::string& what) {
  const auto seconds = std::chrono::floor<std::chrono::seconds>(time.time_since_epoch());
  const auto rest = std::chrono::nanoseconds(time.time_since_epoch() - seconds);
  const timespec at{.tv_sec = seconds.count(), .tv_nsec = rest.count()};
  const timespec both[] = {at, at};  // of the last read and of the last write
  stored(::futimens(fd, both), what);
}

// Makes an open file as young as a new one. False if it has been removed.
inline bool renewed(int fd, const std::string& what) {
  const FileLock lock(fd, FileLock::Wait::until_free, what);
  struct stat status {};
  stored(::fstat(fd, &status), what);
  if (status.st_nlink == 0) return false;
  stamp(fd, std::chrono::system_clock::now(), what);
  return true;
}

// True if this call removed it. Only a regular file is ever removed.
inline bool removed_if_older_than(int directory, const std::string& name, std::chrono::seconds age) {
  const std::string what = "Removing " + in_quotes(name);
  const auto is_old = [&](struct stat& status) {
    return ::fstatat(directory, name.c_str(), &status, AT_SYMLINK_NOFOLLOW) == 0 && S_ISREG(status.st_mode) &&
           is_older_than(status, age);
  };
  struct stat at_name {};
  if (!is_old(at_name)) return false;
  const UniqueFd file(::openat(directory, name.c_str(), O_RDONLY | O_NONBLOCK | O_NOCTTY | O_NOFOLLOW | O_CLOEXEC));
  if (!file && errno == ENOENT) return false;
  stored(file.get(), what);

  // Whoever has the lock makes the file young or removes it: there is nothing left to do here.
  const FileLock lock(file.get(), FileLock::Wait::never, what);
  struct stat opened {};
  stored(::fstat(file.get(), &opened), what);
  if (!lock.held() || !is_old(at_name) || at_name.st_ino != opened.st_ino) return false;
  failpoint("before_file_removal");
  if (::unlinkat(directory, name.c_str(), 0) == 0) return true;
  if (errno != ENOENT) throw storage_error(errno, what);
  return false;
}

}  // namespace pysandbox
