// Takes a multipart/form-data body apart as it arrives (RFC 7578, RFC 2046 5.1), in bounded memory.
#pragma once

#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include <pysandbox/byte_source.hpp>

namespace pysandbox::http {

struct Part {
  std::string name;                     // of the form's field
  std::optional<std::string> filename;  // as the client says it: anything but control characters
  std::string content_type;             // empty if it says none
  ByteSource bytes;                     // may be read until the next call of next_part()
};

// Everything here throws Error{invalid_request} if the body is not well formed or ends early, and what `source` throws.
class Multipart {
 public:
  static constexpr std::size_t max_parts = 100;
  static constexpr std::size_t max_part_head_bytes = 16 << 10;

  // `content_type` is the value of the request's field.
  Multipart(std::string_view content_type, ByteSource source);
  ~Multipart();

  // Passes over what is left of the part before. Nothing after the last part; then all of `source` was read.
  std::optional<Part> next_part();

 private:
  struct State;
  std::shared_ptr<State> state_;
};

}  // namespace pysandbox::http
