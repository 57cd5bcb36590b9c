// Bytes of header fields. ASCII only, whatever the locale says.
#pragma once

#include <algorithm>
#include <optional>
#include <string_view>

namespace pysandbox::http {

constexpr bool is_digit(char byte) noexcept { return byte >= '0' && byte <= '9'; }

constexpr char to_lower(char byte) noexcept { return byte >= 'A' && byte <= 'Z' ? static_cast<char>(byte + 32) : byte; }

constexpr bool is_alphanumeric(char byte) noexcept {
  return is_digit(byte) || (to_lower(byte) >= 'a' && to_lower(byte) <= 'z');
}

constexpr bool is_hex_digit(char byte) noexcept {
  return is_digit(byte) || (to_lower(byte) >= 'a' && to_lower(byte) <= 'f');
}

constexpr int hex_value(char digit) noexcept { return is_digit(digit) ? digit - '0' : to_lower(digit) - 'a' + 10; }

// RFC 9110, 5.6.2.
constexpr bool is_token_byte(char byte) noexcept {
  return is_alphanumeric(byte) || std::string_view("!#$%&'*+-.^_`|~").find(byte) != std::string_view::npos;
}

constexpr bool is_token(std::string_view text) noexcept {
  return !text.empty() && std::all_of(text.begin(), text.end(), is_token_byte);
}

constexpr bool equal_ignoring_case(std::string_view a, std::string_view b) noexcept {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(), [](char x, char y) { return to_lower(x) == to_lower(y); });
}

constexpr std::string_view trimmed(std::string_view text) noexcept {
  const auto first = text.find_first_not_of(" \t");
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(" \t") - first + 1);
}

// Each element of a comma-separated list without quoted strings, trimmed.
template <class Visit>
void for_each_in_list(std::string_view list, const Visit& visit) {
  while (true) {
    const auto comma = list.find(',');
    if (const auto element = trimmed(list.substr(0, comma)); !element.empty()) visit(element);
    if (comma == std::string_view::npos) return;
    list.remove_prefix(comma + 1);
  }
}

// The byte that "%41" at the beginning of `text` stands for; nothing if it is no such thing.
constexpr std::optional<char> percent_decoded(std::string_view text) noexcept {
  if (text.size() < 3 || text[0] != '%' || !is_hex_digit(text[1]) || !is_hex_digit(text[2])) return std::nullopt;
  return static_cast<char>(hex_value(text[1]) * 16 + hex_value(text[2]));
}

}  // namespace pysandbox::http
