#include "docker/frame_reader.hpp"

#include <algorithm>

#include <pysandbox/error.hpp>

namespace pysandbox::docker {

void FrameReader::add(std::string_view bytes, const Take& take) {
  while (!bytes.empty()) {
    if (left_ > 0) {
      const auto part = bytes.substr(0, left_);
      left_ -= static_cast<std::uint32_t>(part.size());
      bytes.remove_prefix(part.size());
      take(stream_, part);
      continue;
    }
    const std::size_t count = std::min(bytes.size(), head_bytes - head_size_);
    std::copy_n(bytes.begin(), count, head_.begin() + static_cast<std::ptrdiff_t>(head_size_));
    head_size_ += count;
    bytes.remove_prefix(count);
    if (head_size_ == head_bytes) read_head();
  }
}

void FrameReader::read_head() {
  head_size_ = 0;
  const bool known = (head_[0] == 1 || head_[0] == 2) && head_[1] == 0 && head_[2] == 0 && head_[3] == 0;
  if (!known) {
    throw Error(ErrorCode::unavailable,
                "the Docker engine sent an output stream that is not made of frames; is something between it and us?");
  }
  stream_ = head_[0] == 1 ? Stream::stdout_stream : Stream::stderr_stream;
  left_ = std::uint32_t{head_[4]} << 24 | std::uint32_t{head_[5]} << 16 | std::uint32_t{head_[6]} << 8 | head_[7];
}

}  // namespace pysandbox::docker
