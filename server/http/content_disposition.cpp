#include "http/content_disposition.hpp"

#include <algorithm>

#include "http/text.hpp"

namespace pysandbox::http {
namespace {

// Also not '%', which some clients decode.
bool is_safe_in_quotes(char byte) { return byte >= ' ' && byte < 0x7f && byte != '"' && byte != '\\' && byte != '%'; }

// RFC 8187, 3.2.1.
bool is_attribute_byte(char byte) {
  return is_alphanumeric(byte) || std::string_view("!#$&+-.^_`|~").find(byte) != std::string_view::npos;
}

std::string percent_encoded(std::string_view text) {
  constexpr std::string_view digits = "0123456789ABCDEF";
  std::string encoded;
  for (const char byte : text) {
    const auto value = static_cast<unsigned char>(byte);
    if (is_attribute_byte(byte))
      encoded += byte;
    else if (value < 0x20 || value == 0x7f)
      encoded += '_';
    else
      encoded.append({'%', digits[value >> 4], digits[value & 15]});
  }
  return encoded;
}

// One '_' for each character, not for each of its bytes.
std::string ascii_of(std::string_view name) {
  std::string ascii;
  for (const char byte : name) {
    const bool continues_character = (static_cast<unsigned char>(byte) & 0xc0U) == 0x80;
    if (!continues_character) ascii += is_safe_in_quotes(byte) ? byte : '_';
  }
  return ascii;
}

}  // namespace

std::string attachment(std::string_view filename) {
  filename.remove_prefix(filename.rfind('/') + 1);
  std::string ascii = ascii_of(filename);
  if (ascii.empty()) ascii = "file";
  std::string value = "attachment; filename=\"" + ascii + '"';
  if (ascii != filename && !filename.empty()) value += "; filename*=UTF-8''" + percent_encoded(filename);
  return value;
}

}  // namespace pysandbox::http
