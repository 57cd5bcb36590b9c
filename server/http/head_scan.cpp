#include "http/head_scan.hpp"

namespace pysandbox::http {

// RFC 9112: 2.2 (a bare CR, and no bare LF for us), 3 (the first byte is of a method), 5.2 (no folded lines).
bool HeadScan::is_fault(char byte, char before) const {
  if (before == '\r') return byte != '\n';
  if (byte == '\r') return seen_ == 0;
  if (byte == '\t') return seen_ == line_start_;
  if (byte == ' ') return seen_ == line_start_;
  return static_cast<unsigned char>(byte) < 0x20 || byte == 0x7f;
}

std::variant<std::optional<std::size_t>, Refusal> HeadScan::look(std::string_view bytes) {
  for (; seen_ < bytes.size(); ++seen_) {
    if (seen_ >= max_bytes_)
      return Refusal{
          431, "head_too_large",
          "The head is larger than " + std::to_string(max_bytes_) + " bytes; send fewer or shorter header fields."};
    const char before = seen_ == 0 ? '\0' : bytes[seen_ - 1];
    if (is_fault(bytes[seen_], before))
      return Refusal{
          400, "bad_request",
          "The head holds a byte that must not be where it is (a control character, a line that does not end "
          "with CR LF, or a folded line); send plain HTTP/1.1."};
    if (bytes[seen_] != '\n') continue;
    if (seen_ - line_start_ == 1) return ++seen_;  // the empty line
    line_start_ = seen_ + 1;
    if (++lines_ > max_headers_ + 1)
      return Refusal{431, "too_many_headers",
                     "There are more than " + std::to_string(max_headers_) + " header fields; send fewer."};
  }
  return std::nullopt;
}

}  // namespace pysandbox::http
