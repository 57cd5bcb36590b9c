// A file without a name: it is gone when nobody has it open any more, whatever kills this process.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>

#include <pysandbox/byte_source.hpp>

#include "support/unique_fd.hpp"

namespace pysandbox {

class SpoolFile {
 public:
  // On the file system of `directory`; empty: that for temporary files. Throws Error{unavailable} if there can be none.
  explicit SpoolFile(const std::string& directory);

  // Throws Error{unavailable} if the disk is full.
  void write(std::span<const std::byte> bytes);

  // Everything that was written, from its beginning. No more can be written.
  ByteSource read_all() &&;

 private:
  UniqueFd file_;
};

}  // namespace pysandbox
