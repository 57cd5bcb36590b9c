// Takes a request's body out of the bytes that follow its head (RFC 9112, 6.2 and 7.1), strictly.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

#include "http/framing.hpp"
#include "http/refusal.hpp"

namespace pysandbox::http {

class BodyDecoder {
 public:
  // In all of a body: extensions of chunks mean nothing here, and cost (CVE-2023-39326, CVE-2025-55315).
  static constexpr std::size_t max_extension_bytes = 1024;
  // Trailers are read and dropped: what comes after a body must not change the request that was checked before it.
  static constexpr std::size_t max_trailer_bytes = 8192;

  explicit BodyDecoder(const Framing& framing);

  struct Step {
    std::size_t used = 0;        // of the input: at least one byte
    std::string_view payload{};  // lies in the input
    std::optional<Refusal> refusal{};
  };

  // Takes the next bytes, of which there must be some. Not when it is done.
  Step step(std::string_view bytes);

  // True when the last byte of the request was used.
  bool is_done() const noexcept { return state_ == State::done; }

 private:
  // Named by what comes next.
  enum class State {
    sized_data,
    size,
    more_size,
    extension,
    quoted,
    escaped,
    size_end,
    data,
    data_return,
    data_end,
    trailer,
    trailer_rest,
    trailer_line_end,
    last_end,
    done
  };

  Step take_data(std::string_view bytes);
  bool take(char byte);
  bool take_size_digit(char byte);
  bool take_extension(char byte);
  bool take_trailer(char byte);
  bool expect(char byte, char expected, State next);

  State state_;
  std::uint64_t left_ = 0;  // of the body, or of the chunk
  std::size_t size_digits_ = 0;
  std::size_t extension_bytes_ = 0;
  std::size_t trailer_bytes_ = 0;
};

}  // namespace pysandbox::http
