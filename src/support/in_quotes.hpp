// Names in messages.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace pysandbox {

// How many bytes at the beginning of `text` are one well-formed UTF-8 character that is safe to show: no control
// character, line break or change of writing direction. Zero if they are none.
inline std::size_t shown_character(std::string_view text) noexcept {
  const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(text[i]); };
  if (byte(0) < 0x80) return byte(0) >= 0x20 && byte(0) != 0x7f && byte(0) != '\'' && byte(0) != '\\' ? 1 : 0;
  const std::size_t length = byte(0) >= 0xf0 ? 4 : byte(0) >= 0xe0 ? 3 : 2;
  if (byte(0) < 0xc2 || byte(0) > 0xf4 || text.size() < length) return 0;
  char32_t point = byte(0) & (0xffU >> (length + 1));
  for (std::size_t i = 1; i < length; ++i) {
    if ((byte(i) & 0xc0U) != 0x80) return 0;
    point = point << 6 | (byte(i) & 0x3fU);
  }
  constexpr char32_t smallest[] = {0, 0, 0xa0, 0x800, 0x10000};
  const auto within = [&](char32_t first, char32_t last) { return point >= first && point <= last; };
  const bool hidden = point < smallest[length] || point > 0x10ffff || within(0xd800, 0xdfff) ||
                      within(0x200b, 0x200f) || within(0x2028, 0x202e) || within(0x2066, 0x2069);
  return hidden ? 0 : length;
}

// `text` between quotes, on one line, for a person: every byte that is not part of a visible character is \xNN.
inline std::string in_quotes(std::string_view text) {
  constexpr char digits[] = "0123456789abcdef";
  std::string result = "'";
  while (!text.empty()) {
    if (const std::size_t length = shown_character(text); length > 0) {
      result += text.substr(0, length);
      text.remove_prefix(length);
      continue;
    }
    const auto byte = static_cast<unsigned char>(text.front());
    result += {'\\', 'x', digits[byte >> 4], digits[byte & 15]};
    text.remove_prefix(1);
  }
  return result += '\'';
}

}  // namespace pysandbox
