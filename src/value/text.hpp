// Text as bytes that others chose: UTF-8 or not, short or long.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace pysandbox {

// The offset of the first byte that is no part of valid UTF-8; nothing if there is none.
std::optional<std::size_t> find_invalid_utf8(std::string_view bytes) noexcept;

// A copy with U+FFFD in place of each byte that is no part of valid UTF-8.
std::string repair_utf8(std::string_view bytes);

// How many of the last bytes begin a character whose rest is not there: zero to three.
std::size_t size_of_unfinished_character(std::string_view bytes) noexcept;

// `bytes` in pieces of at most `most` bytes, which is 4 or more, cut between characters.
std::vector<std::string_view> pieces_of(std::string_view bytes, std::size_t most);

// The characters of `bytes`; a byte that is no part of valid UTF-8 is one of its own, beyond those of Unicode.
std::u32string characters(std::string_view bytes);

// For messages: in_quotes(), and cut if it is long.
std::string quoted(std::string_view bytes);

}  // namespace pysandbox
