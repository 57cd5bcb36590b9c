// What comes out of a container that unpacked a wheel: a row of files in one. Somebody else's words: nothing in it is
// believed.
#pragma once

#include <cstdint>
#include <functional>
#include <span>
#include <string>

#include "support/unique_fd.hpp"

namespace pysandbox::packages {

struct UnpackedBounds {
  std::uint64_t most_files;
  std::uint64_t most_bytes;
};

// Fills the buffer with the next bytes and returns how many; zero at the end.
using ReadBytes = std::function<std::size_t(std::span<std::byte>)>;

// Makes files below an open directory, all of them new ones.
class UnpackedFiles {
 public:
  UnpackedFiles(int directory, const UnpackedBounds& bounds) : directory_(directory), bounds_(bounds) {}

  // Makes those of one part. Throws Error{environment_failed} for what breaks a rule, Error{unavailable} when the disk
  // fails.
  void take(const ReadBytes& read);

  std::uint64_t files() const noexcept { return files_; }
  std::uint64_t bytes() const noexcept { return bytes_; }

 private:
  void make_file(char kind, const std::string& path, std::uint64_t size, const ReadBytes& read);
  UniqueFd open_parent(const std::string& path);

  int directory_;
  UnpackedBounds bounds_;
  std::uint64_t files_ = 0;
  std::uint64_t bytes_ = 0;
  std::string last_parent_{};
  UniqueFd last_directory_{};
};

// Whether a file of an environment may have that path: below site-packages, bin, share and the like.
bool is_environment_path(const std::string& path);

}  // namespace pysandbox::packages
