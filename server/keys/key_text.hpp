// The text of a key, and what is kept of it.
#pragma once

#include <string>
#include <string_view>

namespace pysandbox::server {

// "psk_" and 32 bytes of getrandom(2) in base64url.
std::string new_key_text();

// 16 hexadecimal digits of getrandom(2).
std::string new_key_id();

// SHA-256 as 64 hexadecimal digits. A plain hash is enough for a text with 256 random bits: there is nothing to guess.
std::string sha256_hex(std::string_view text);

// Compares in a time that depends on the sizes only.
bool equal_in_constant_time(std::string_view a, std::string_view b) noexcept;

}  // namespace pysandbox::server
