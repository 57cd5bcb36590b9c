#include "value/coding_comment.hpp"

#include <cstddef>

namespace pysandbox {
namespace {

constexpr std::string_view blanks = " \t\f";
constexpr std::string_view byte_order_mark = "\xEF\xBB\xBF";

std::string_view take_line(std::string_view& code) noexcept {
  const std::size_t end = code.find_first_of("\r\n");
  const std::string_view line = code.substr(0, end);
  code.remove_prefix(line.size());
  if (code.starts_with("\r\n")) {
    code.remove_prefix(2);
  } else if (!code.empty()) {
    code.remove_prefix(1);
  }
  return line;
}

bool is_name_character(char c) noexcept {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' || c == '_' || c == '.';
}

// coding[:=][ \t]*([-\w.]+) anywhere in `comment`.
bool names_encoding(std::string_view comment) noexcept {
  constexpr std::string_view word = "coding";
  for (std::size_t at = comment.find(word); at != std::string_view::npos; at = comment.find(word, at + 1)) {
    std::string_view rest = comment.substr(at + word.size());
    if (!rest.starts_with(':') && !rest.starts_with('=')) continue;
    const std::size_t name = rest.find_first_not_of(" \t", 1);
    if (name != std::string_view::npos && is_name_character(rest[name])) return true;
  }
  return false;
}

enum class Line { blank, comment, code };

Line kind_of(std::string_view line) noexcept {
  const std::size_t first = line.find_first_not_of(blanks);
  if (first == std::string_view::npos) return Line::blank;
  return line[first] == '#' ? Line::comment : Line::code;
}

}  // namespace

bool has_coding_comment(std::string_view code) noexcept {
  if (code.starts_with(byte_order_mark)) code.remove_prefix(byte_order_mark.size());
  for (int line_number = 1; line_number <= 2; ++line_number) {
    const std::string_view line = take_line(code);
    const Line kind = kind_of(line);
    if (kind == Line::code) return false;
    if (kind == Line::comment && names_encoding(line)) return true;
  }
  return false;
}

}  // namespace pysandbox
