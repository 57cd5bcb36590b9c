// Ids as clients see them: UUIDs with dashes (RFC 9562, section 4). Inside they are 32 hexadecimal digits.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace pysandbox::api {

// "084eaaed-951a-42b1-a68d-785613793f21". An id that is not 32 digits long stays as it is.
std::string to_wire_id(std::string_view id);

// The 32 digits, in lower case, of an id with or without dashes; nothing for anything else.
std::optional<std::string> parse_wire_id(std::string_view text);

}  // namespace pysandbox::api
