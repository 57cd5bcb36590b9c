// HMAC-SHA256 (RFC 2104).
#pragma once

#include <string>
#include <string_view>

namespace pysandbox {

// The 32 bytes of the code.
std::string hmac_sha256(std::string_view key, std::string_view text);

}  // namespace pysandbox
