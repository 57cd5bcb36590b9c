#include "value/text.hpp"

#include <algorithm>
#include <cstdint>
#include <cstring>

#include "support/in_quotes.hpp"

namespace pysandbox {
namespace {

constexpr std::string_view replacement = "\xEF\xBF\xBD";
constexpr std::size_t longest_quote = 80;

unsigned char byte_at(std::string_view bytes, std::size_t index) noexcept {
  return static_cast<unsigned char>(bytes[index]);
}

bool is_between(unsigned char byte, unsigned char low, unsigned char high) noexcept {
  return byte >= low && byte <= high;
}

// The length of a character of several bytes by its first one; zero for a byte that begins none.
std::size_t length_by_lead(unsigned char lead) noexcept {
  return is_between(lead, 0xC2, 0xDF) ? 2 : is_between(lead, 0xE0, 0xEF) ? 3 : is_between(lead, 0xF0, 0xF4) ? 4 : 0;
}

// The length of the character that `bytes` begins with, or zero if that is none: The Unicode Standard, table 3-7.
std::size_t character_length(std::string_view bytes) noexcept {
  const unsigned char lead = byte_at(bytes, 0);
  if (lead < 0x80) return 1;
  const std::size_t length = length_by_lead(lead);
  if (length == 0 || bytes.size() < length) return 0;
  const unsigned char low = lead == 0xE0 ? 0xA0 : lead == 0xF0 ? 0x90 : 0x80;
  const unsigned char high = lead == 0xED ? 0x9F : lead == 0xF4 ? 0x8F : 0xBF;
  if (!is_between(byte_at(bytes, 1), low, high)) return 0;
  for (std::size_t index = 2; index < length; ++index) {
    if (!is_between(byte_at(bytes, index), 0x80, 0xBF)) return 0;
  }
  return length;
}

// Most text is ASCII: eight bytes at a time.
std::size_t ascii_length(std::string_view bytes) noexcept {
  std::size_t length = 0;
  for (std::uint64_t eight; bytes.size() - length >= sizeof eight; length += sizeof eight) {
    std::memcpy(&eight, bytes.data() + length, sizeof eight);
    if ((eight & 0x8080808080808080U) != 0) break;
  }
  return length;
}

}  // namespace

std::optional<std::size_t> find_invalid_utf8(std::string_view bytes) noexcept {
  for (std::size_t offset = 0; offset < bytes.size();) {
    offset += ascii_length(bytes.substr(offset));
    if (offset == bytes.size()) break;
    const std::size_t length = character_length(bytes.substr(offset));
    if (length == 0) return offset;
    offset += length;
  }
  return std::nullopt;
}

std::size_t size_of_unfinished_character(std::string_view bytes) noexcept {
  constexpr std::size_t longest = 3;
  for (std::size_t size = 1; size <= std::min(bytes.size(), longest); ++size) {
    const unsigned char byte = byte_at(bytes, bytes.size() - size);
    if (is_between(byte, 0x80, 0xBF)) continue;
    return size < length_by_lead(byte) ? size : 0;
  }
  return 0;
}

std::vector<std::string_view> pieces_of(std::string_view bytes, std::size_t most) {
  std::vector<std::string_view> pieces;
  while (!bytes.empty()) {
    std::string_view piece = bytes.substr(0, most);
    if (piece.size() < bytes.size()) piece.remove_suffix(size_of_unfinished_character(piece));
    pieces.push_back(piece);
    bytes.remove_prefix(piece.size());
  }
  return pieces;
}

std::string repair_utf8(std::string_view bytes) {
  std::string repaired;
  repaired.reserve(bytes.size());
  while (const auto wrong = find_invalid_utf8(bytes)) {
    repaired += bytes.substr(0, *wrong);
    repaired += replacement;
    bytes.remove_prefix(*wrong + 1);
  }
  repaired += bytes;
  return repaired;
}

std::u32string characters(std::string_view bytes) {
  constexpr char32_t beyond_unicode = 0x110000;
  std::u32string result;
  result.reserve(bytes.size());
  while (!bytes.empty()) {
    const std::size_t length = character_length(bytes);
    char32_t character = length == 0 ? beyond_unicode + byte_at(bytes, 0) : byte_at(bytes, 0);
    if (length > 1) {
      character &= 0xFFU >> (length + 1);
      for (std::size_t index = 1; index < length; ++index) {
        character = character << 6 | (byte_at(bytes, index) & 0x3FU);
      }
    }
    result += character;
    bytes.remove_prefix(std::max<std::size_t>(length, 1));
  }
  return result;
}

std::string quoted(std::string_view bytes) {
  if (bytes.size() <= longest_quote) return in_quotes(bytes);
  return in_quotes(bytes.substr(0, longest_quote)) + "...";
}

}  // namespace pysandbox
