// One request out of bytes, without any socket. Boost.Beast parses; framing.hpp has the last word.
#pragma once

#include <cstddef>
#include <memory>
#include <optional>
#include <string_view>
#include <variant>

#include "http/framing.hpp"
#include "http/refusal.hpp"

namespace pysandbox::http {

class RequestParser {
 public:
  RequestParser();
  ~RequestParser();

  // A whole head with its empty line, as HeadScan found it. Call once.
  std::variant<Head, Refusal> parse_head(std::string_view bytes);

  struct Step {
    std::size_t used = 0;        // of the input
    std::string_view payload{};  // of the body; lies in the input
    std::optional<Refusal> refusal{};
  };

  // Takes one step through the body, for a head that check_head() let pass. Nothing used: more bytes must come before
  // the next step. Trailers are read and dropped.
  Step parse_body(std::string_view bytes);

  // True when the last byte of the request was used.
  bool is_done() const;

 private:
  struct Parser;
  std::unique_ptr<Parser> parser_;
};

}  // namespace pysandbox::http
