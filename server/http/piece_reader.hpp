// Reads a StreamBody in pieces into two buffers, so that one can be filled while the other is sent.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <utility>

#include "http/application.hpp"

namespace pysandbox::http {

class PieceReader {
 public:
  explicit PieceReader(StreamBody body);

  // Reads the next piece; empty at the end. Of a body of known size it holds as much as fits, and it throws
  // Error{internal} if the source ends before that size. It stays valid until the call after the next.
  std::span<const std::byte> next();

  // True if next() would be empty for sure.
  bool is_complete() const noexcept { return left_ == 0; }

 private:
  static constexpr std::size_t piece_bytes = 256 << 10;

  std::size_t fill(std::span<std::byte> buffer);

  ByteSource source_;
  std::optional<std::uint64_t> left_;
  std::size_t buffer_bytes_;
  std::array<std::unique_ptr<std::byte[]>, 2> buffers_;
};

}  // namespace pysandbox::http
