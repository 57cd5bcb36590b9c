#include "requirement_words.hpp"

namespace pysandbox::cli {
namespace {

bool is_space(char c) { return c == ' ' || c == '\t'; }

std::string_view trimmed(std::string_view text) {
  while (!text.empty() && is_space(text.front())) text.remove_prefix(1);
  while (!text.empty() && is_space(text.back())) text.remove_suffix(1);
  return text;
}

bool begins_with_name(std::string_view text) {
  text = trimmed(text);
  const char c = text.empty() ? ' ' : text.front();
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
}

}  // namespace

std::vector<std::string> split_requirements(std::string_view text) {
  std::vector<std::string> requirements;
  std::size_t start = 0;
  int depth = 0;
  char quote = '\0';
  for (std::size_t at = 0; at < text.size(); ++at) {
    const char c = text[at];
    if (quote != '\0') {
      if (c == quote) quote = '\0';
    } else if (c == '"' || c == '\'') {
      quote = c;
    } else if (c == '[' || c == '(') {
      ++depth;
    } else if (c == ']' || c == ')') {
      --depth;
    } else if (c == ',' && depth <= 0 && begins_with_name(text.substr(at + 1))) {
      requirements.emplace_back(trimmed(text.substr(start, at - start)));
      start = at + 1;
    }
  }
  requirements.emplace_back(trimmed(text.substr(start)));
  return requirements;
}

}  // namespace pysandbox::cli
