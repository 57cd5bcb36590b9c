// A request's head out of its bytes.
#pragma once

#include <string_view>
#include <variant>

#include "http/framing.hpp"
#include "http/refusal.hpp"

namespace pysandbox::http {

// `bytes` is a whole head with its empty line, as HeadScan found it. What it says about the body is for check_head().
std::variant<Head, Refusal> parse_head(std::string_view bytes);

}  // namespace pysandbox::http
