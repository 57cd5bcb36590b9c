// Base64 (RFC 4648, section 4), for bytes that are not text.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace pysandbox {

std::string to_base64(std::string_view bytes);

// Nothing for text that to_base64() would not have written: padding is a must, blanks are none.
std::optional<std::string> parse_base64(std::string_view text);

}  // namespace pysandbox
