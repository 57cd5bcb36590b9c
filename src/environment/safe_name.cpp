#include "environment/safe_name.hpp"

#include <algorithm>
#include <cstddef>

#include "support/in_quotes.hpp"

namespace pysandbox {
namespace {

constexpr std::size_t longest_name = 255;      // bytes, NAME_MAX
constexpr std::size_t longest_extension = 32;  // bytes, with its dot; what is longer is no extension

// Paths of both kinds: a browser on Windows says C:\data\a.csv.
std::string_view last_part(std::string_view path) {
  const auto separator = path.find_last_of("/\\");
  return separator == path.npos ? path : path.substr(separator + 1);
}

std::string with_shown_characters(std::string_view name) {
  std::string result;
  while (!name.empty()) {
    const std::size_t length = name.front() == '\'' ? 1 : shown_character(name);
    result += length == 0 ? std::string_view("_") : name.substr(0, length);
    name.remove_prefix(std::max<std::size_t>(length, 1));
  }
  return result;
}

std::string_view trimmed(std::string_view name) {
  const auto first = name.find_first_not_of(" .");
  if (first == name.npos) return {};
  return name.substr(first, name.find_last_not_of(' ') - first + 1);
}

std::size_t extension_at(std::string_view name) {
  const auto dot = name.rfind('.');
  return dot == name.npos || dot == 0 || name.size() - dot > longest_extension ? name.size() : dot;
}

// At most `size` bytes, ending at the end of a character.
std::string_view cut(std::string_view text, std::size_t size) {
  if (text.size() <= size) return text;
  while (size > 0 && (static_cast<unsigned char>(text[size]) & 0xc0) == 0x80) --size;
  return text.substr(0, size);
}

// `name` with `addition` before its extension.
std::string lengthened(std::string_view name, std::string_view addition) {
  const std::size_t dot = extension_at(name);
  const std::string_view extension = name.substr(dot);
  return std::string(cut(name.substr(0, dot), longest_name - addition.size() - extension.size())) +
         std::string(addition) + std::string(extension);
}

}  // namespace

std::string safe_name(std::string_view name) {
  const std::string shown = with_shown_characters(last_part(name));
  const std::string_view kept = trimmed(shown);
  return kept.empty() ? "input" : std::string(trimmed(lengthened(kept, "")));  // a cut may end in a space
}

std::string TakenNames::take(std::string_view name) {
  const std::string wanted = safe_name(name);
  std::string result = wanted;
  for (std::size_t number = 2; !names_.insert(result).second; ++number) {
    result = lengthened(wanted, " (" + std::to_string(number) + ")");
  }
  return result;
}

}  // namespace pysandbox
