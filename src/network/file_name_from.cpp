#include "network/file_name_from.hpp"

#include <algorithm>
#include <optional>

namespace pysandbox::network {
namespace {

constexpr std::string_view blanks = " \t";

int hex_value(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

bool equal_words(std::string_view left, std::string_view right) {
  const auto lower = [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; };
  if (left.size() != right.size()) return false;
  for (std::size_t i = 0; i < left.size(); ++i) {
    if (lower(left[i]) != lower(right[i])) return false;
  }
  return true;
}

std::string_view trimmed(std::string_view text) {
  const auto first = text.find_first_not_of(blanks);
  if (first == text.npos) return {};
  return text.substr(first, text.find_last_not_of(blanks) - first + 1);
}

// Takes a parameter's value off the front of `rest`: a quoted-string (RFC 9110, 5.6.4) or all before the next ';'.
std::string take_value(std::string_view& rest) {
  rest.remove_prefix(std::min(rest.find_first_not_of(blanks), rest.size()));
  if (!rest.starts_with('"')) {
    const std::string_view value = rest.substr(0, rest.find(';'));
    rest.remove_prefix(value.size());
    return std::string(trimmed(value));
  }
  std::string value;
  for (rest.remove_prefix(1); !rest.empty() && rest.front() != '"'; rest.remove_prefix(1)) {
    if (rest.front() == '\\' && rest.size() > 1) rest.remove_prefix(1);
    value += rest.front();
  }
  rest.remove_prefix(std::min(rest.find(';'), rest.size()));
  return value;
}

std::string utf8_of_latin1(std::string_view bytes) {
  std::string text;
  for (const char c : bytes) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte < 0x80) {
      text += c;
    } else {
      text += static_cast<char>(0xc0 | byte >> 6);
      text += static_cast<char>(0x80 | (byte & 0x3f));
    }
  }
  return text;
}

// RFC 8187, 3.2.1: charset'language'percent-encoded. Nothing in another charset.
std::optional<std::string> decode_extended(std::string_view value) {
  const auto first = value.find('\'');
  const auto second = first == value.npos ? first : value.find('\'', first + 1);
  if (second == value.npos) return std::nullopt;
  const std::string_view charset = value.substr(0, first);
  std::string bytes = percent_decoded(value.substr(second + 1));
  if (equal_words(charset, "UTF-8")) return bytes;
  if (equal_words(charset, "ISO-8859-1")) return utf8_of_latin1(bytes);
  return std::nullopt;
}

std::string from_disposition(std::string_view rest) {
  std::string plain, extended;
  rest.remove_prefix(std::min(rest.find(';'), rest.size()));  // "attachment" or "inline": both have a name
  while (!rest.empty()) {
    rest.remove_prefix(1);  // the ';'
    const auto end = std::min(rest.find_first_of("=;"), rest.size());
    const std::string_view name = trimmed(rest.substr(0, end));
    rest.remove_prefix(end);
    if (!rest.starts_with('=')) continue;
    rest.remove_prefix(1);
    const std::string value = take_value(rest);
    if (equal_words(name, "filename") && plain.empty()) plain = value;
    if (equal_words(name, "filename*") && extended.empty()) extended = decode_extended(value).value_or("");
  }
  return extended.empty() ? plain : extended;
}

}  // namespace

std::string percent_decoded(std::string_view text) {
  std::string result;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const int high = text[i] == '%' && i + 2 < text.size() ? hex_value(text[i + 1]) : -1;
    const int low = high >= 0 ? hex_value(text[i + 2]) : -1;
    if (low < 0) {
      result += text[i];
    } else {
      result += static_cast<char>(high << 4 | low);
      i += 2;
    }
  }
  return result;
}

std::string file_name_from(std::string_view content_disposition, std::string_view url_path) {
  std::string name = from_disposition(content_disposition);
  return name.empty() ? percent_decoded(url_path.substr(url_path.rfind('/') + 1)) : name;
}

}  // namespace pysandbox::network
