// A regular file of ours, to be sent: its size is known before, and is kept to.
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include <pysandbox/byte_source.hpp>

#include "support/unique_fd.hpp"

namespace pysandbox::cli {

class LocalFile {
 public:
  // Throws Error for what cannot be read, and for what is no regular file.
  explicit LocalFile(std::string path);

  std::uint64_t size() const noexcept { return size_; }

  // The bytes from the first on, size() of them; throws Error if the file was made shorter meanwhile.
  ByteSource open() const;

 private:
  std::string path_;
  std::shared_ptr<const UniqueFd> descriptor_;
  std::uint64_t size_ = 0;
};

}  // namespace pysandbox::cli
