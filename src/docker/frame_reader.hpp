// Takes apart the stream of an attached container: frames of eight bytes of head (stream, three zeros, length in
// network order) and what was printed. See the Engine API, "ContainerAttach", stream format.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <string_view>

#include <pysandbox/result.hpp>

namespace pysandbox::docker {

class FrameReader {
 public:
  using Take = std::function<void(Stream, std::string_view)>;

  // Hands over what `bytes` hold of frames' contents, in order. Nothing is kept but an unfinished head, so that a
  // frame of any length costs no memory. Throws Error{unavailable} for what is no such stream.
  void add(std::string_view bytes, const Take& take);

  // True between two frames.
  bool at_boundary() const noexcept { return head_size_ == 0 && left_ == 0; }

 private:
  static constexpr std::size_t head_bytes = 8;

  void read_head();

  std::array<unsigned char, head_bytes> head_{};
  std::size_t head_size_ = 0;
  Stream stream_ = Stream::stdout_stream;
  std::uint32_t left_ = 0;  // of the frame that is being read
};

}  // namespace pysandbox::docker
