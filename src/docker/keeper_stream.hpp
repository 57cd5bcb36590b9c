// All that comes out of a container, sorted: what the program printed, how it ended, and files.
#pragma once

#include <array>
#include <optional>
#include <string>
#include <vector>

#include "container/capped_output.hpp"
#include "docker/attached_stream.hpp"
#include "docker/end_mark.hpp"
#include "docker/frame_reader.hpp"
#include "docker/keeper_words.hpp"

namespace pysandbox::docker {

class KeeperStream {
 public:
  KeeperStream(AttachedStream& stream, const std::string& mark, container::CappedOutput& output,
               container::CappedOutput& errors);

  int socket() const noexcept { return stream_.socket(); }
  void send(std::string_view bytes) { stream_.send(bytes); }

  // Takes what has come, up to a bound, so that a flood cannot keep the caller from its deadlines. False at the end of
  // the stream. Throws what a sink throws.
  bool move();

  // Set when the program and everything it started are dead, and all that they printed is here.
  const Ending* ending() const noexcept;

  // After the ending: hands over what the keeper sends, waiting for it; zero at the end of the stream.
  std::size_t read_files(std::span<char> buffer);

 private:
  void take(std::string_view bytes);
  void take_words(std::string_view bytes);

  AttachedStream& stream_;
  container::CappedOutput& output_;
  container::CappedOutput& errors_;
  FrameReader frames_{};
  EndMark output_mark_;
  EndMark error_mark_;
  EndingReader reader_{};
  std::string files_{};  // came, but was not read yet
  std::array<char, 65536> buffer_;
};

}  // namespace pysandbox::docker
