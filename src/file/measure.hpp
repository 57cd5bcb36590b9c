// What is told of a file, measured on its bytes as they pass by.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "file/content_type.hpp"
#include "file/digest.hpp"

namespace pysandbox {

class Measure {
 public:
  void update(std::span<const std::byte> bytes) {
    const auto wanted = bytes.first(std::min(bytes.size(), content_type_bytes - beginning_.size()));
    beginning_.insert(beginning_.end(), wanted.begin(), wanted.end());
    digest_.update(bytes);
    size_ += bytes.size();
  }

  std::uint64_t size() const noexcept { return size_; }
  std::string sha256() const { return digest_.hex(); }
  std::string content_type(std::string_view name) const { return pysandbox::content_type(name, beginning_); }

 private:
  Sha256 digest_;
  std::uint64_t size_ = 0;
  std::vector<std::byte> beginning_;
};

}  // namespace pysandbox
