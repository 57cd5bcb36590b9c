#include "http/piece_reader.hpp"

#include <algorithm>

#include <pysandbox/error.hpp>

namespace pysandbox::http {

PieceReader::PieceReader(StreamBody body)
    : source_(std::move(body.bytes)),
      left_(body.size),
      buffer_bytes_(static_cast<std::size_t>(std::min<std::uint64_t>(piece_bytes, left_.value_or(piece_bytes)))) {}

std::span<const std::byte> PieceReader::next() {
  std::swap(buffers_[0], buffers_[1]);
  if (!buffers_[0]) buffers_[0] = std::make_unique_for_overwrite<std::byte[]>(buffer_bytes_);
  const std::span buffer(buffers_[0].get(), buffer_bytes_);
  if (!left_) return buffer.first(source_(buffer));
  return buffer.first(fill(buffer.first(static_cast<std::size_t>(std::min<std::uint64_t>(buffer.size(), *left_)))));
}

std::size_t PieceReader::fill(std::span<std::byte> buffer) {
  for (std::size_t filled = 0; filled < buffer.size();) {
    const std::size_t bytes = source_(buffer.subspan(filled));
    if (bytes == 0) throw Error(ErrorCode::internal, "the source of an answer ended before its size");
    filled += bytes;
  }
  *left_ -= buffer.size();
  return buffer.size();
}

}  // namespace pysandbox::http
