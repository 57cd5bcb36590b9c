// A file that is being written: it gets its name when it is whole, or is removed.
#pragma once

#include <fcntl.h>
#include <stdio.h>
#include <sys/types.h>
#include <unistd.h>

#include <string>
#include <utility>

#include "file/storage_error.hpp"
#include "support/unique_fd.hpp"

namespace pysandbox {

class TemporaryFile {
 public:
  // Makes an empty file of a new name in `directory`, which must stay open as long as this object lives.
  TemporaryFile(int directory, std::string name, mode_t mode)
      : directory_(directory),
        name_(std::move(name)),
        fd_(::openat(directory_, name_.c_str(), O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, mode)) {
    if (!fd_) throw storage_error(errno, "Making a temporary file");
  }

  TemporaryFile(TemporaryFile&& other) noexcept
      : directory_(other.directory_), name_(std::exchange(other.name_, {})), fd_(std::move(other.fd_)) {}
  TemporaryFile& operator=(TemporaryFile&&) = delete;

  ~TemporaryFile() {
    if (!name_.empty()) ::unlinkat(directory_, name_.c_str(), 0);
  }

  int fd() const noexcept { return fd_.get(); }

  // Closes it. Negative, with errno set, if its bytes did not get through: a network file system tells only now.
  int close() noexcept { return ::close(fd_.release()); }

  // Moves it over `name` in `directory`; from then on it stays. False, with errno set, if that fails.
  bool move_to(int directory, const std::string& name) noexcept {
    if (::renameat(directory_, name_.c_str(), directory, name.c_str()) != 0) return false;
    name_.clear();
    return true;
  }

 private:
  int directory_;
  std::string name_;
  UniqueFd fd_;
};

}  // namespace pysandbox
