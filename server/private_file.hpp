// Files that only the server's own user may read.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

namespace pysandbox::server {

// The whole of a file of at most `limit` bytes; nothing if there is none. Throws Error{unavailable}.
std::optional<std::string> read_file(const std::string& path, std::size_t limit);

// Puts `content` in the place of `path`, with mode 0600: whoever reads sees the old or the new, also after a
// crash of the machine. Throws Error{unavailable}.
void replace_private_file(const std::string& path, std::string_view content);

// Makes a directory and those above it if they are missing; those that are made have mode 0700. Throws
// Error{unavailable}.
void make_private_directory(const std::string& path);

// Holds flock(2) on `path`, which is made if it is missing, until it is destroyed.
class FileLock {
 public:
  explicit FileLock(const std::string& path);
  ~FileLock();
  FileLock(const FileLock&) = delete;
  FileLock& operator=(const FileLock&) = delete;

 private:
  int fd_;
};

}  // namespace pysandbox::server
