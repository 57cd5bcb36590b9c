// Finds the end of a request's head in bytes as they arrive, and refuses at once what no head may hold. What a parser
// would repair (bare line feeds, folded lines) is where two programs come to see different requests in the same bytes.
#pragma once

#include <cstddef>
#include <optional>
#include <string_view>
#include <variant>

#include "http/refusal.hpp"

namespace pysandbox::http {

class HeadScan {
 public:
  HeadScan(std::size_t max_bytes, std::size_t max_headers) : max_bytes_(max_bytes), max_headers_(max_headers) {}

  // Looks at all that came of this request so far; `bytes` only grows between calls. The length of the head with its
  // empty line, nothing if more must come, or why it is refused.
  std::variant<std::optional<std::size_t>, Refusal> look(std::string_view bytes);

 private:
  bool is_fault(char byte, char before) const;

  std::size_t max_bytes_;
  std::size_t max_headers_;
  std::size_t seen_ = 0;
  std::size_t line_start_ = 0;
  std::size_t lines_ = 0;
};

}  // namespace pysandbox::http
