#include "value/marker.hpp"

#include <algorithm>
#include <array>
#include <cstddef>

#include "value/text.hpp"

namespace pysandbox {
namespace {

// PEP 508, "Complete Grammar": env_var, and its older spellings.
constexpr std::array<std::string_view, 12> variables{
    "python_version",      "python_full_version",   "os_name", "sys_platform",     "platform_release",
    "platform_system",     "platform_version",      "extra",   "platform_machine", "platform_python_implementation",
    "implementation_name", "implementation_version"};

// Longer ones first, so that "<=" is not read as "<".
constexpr std::array<std::string_view, 8> comparisons{"===", "==", "~=", "!=", "<=", ">=", "<", ">"};

constexpr int deepest = 16;  // parentheses in parentheses

bool is_word_character(char c) { return (c >= 'a' && c <= 'z') || c == '_'; }

// python_str_c of the grammar, which has no control character, no backslash and nothing beyond ASCII.
bool is_string_character(char c, char quote) { return c >= 0x20 && c < 0x7f && c != '\\' && c != quote; }

class Parser {
 public:
  explicit Parser(std::string_view text) : rest_(text) {}

  std::string parse() {
    parse_or(0);
    skip_spaces();
    if (!rest_.empty()) throw SyntaxComplaint("its marker goes on with " + quoted(rest_));
    return result_;
  }

 private:
  void parse_or(int depth) {
    parse_and(depth);
    while (take_word("or")) parse_and(depth);
  }

  void parse_and(int depth) {
    parse_one(depth);
    while (take_word("and")) parse_one(depth);
  }

  void parse_one(int depth) {
    if (!take("(")) return parse_comparison();
    if (depth == deepest) throw SyntaxComplaint("its marker has too many parentheses in each other");
    parse_or(depth + 1);
    if (!take(")")) throw SyntaxComplaint("its marker lacks a ')'");
  }

  void parse_comparison() {
    const bool left = parse_value();
    if (take_word("not")) {
      if (!take_word("in")) throw SyntaxComplaint("'not' in its marker has no 'in' after it");
    } else if (!take_word("in") &&
               std::ranges::none_of(comparisons, [this](std::string_view one) { return take(one); })) {
      throw SyntaxComplaint("its marker compares nothing at " + quoted(rest_));
    }
    const bool right = parse_value();
    if (!left && !right) throw SyntaxComplaint("its marker compares two texts with each other");
  }

  // True for a variable, false for a string.
  bool parse_value() {
    skip_spaces();
    const char quote = rest_.empty() ? '\0' : rest_.front();
    if (quote == '\'' || quote == '"') {
      parse_string(quote);
      return false;
    }
    const auto* found = std::ranges::find_if(variables, [this](std::string_view name) { return take_word(name); });
    if (found == variables.end()) {
      throw SyntaxComplaint("its marker knows no variable at " + quoted(rest_) + "; python_version is one");
    }
    return true;
  }

  void parse_string(char quote) {
    rest_.remove_prefix(1);
    const auto end = std::ranges::find_if_not(rest_, [quote](char c) { return is_string_character(c, quote); });
    const auto length = static_cast<std::size_t>(end - rest_.begin());
    if (length == rest_.size() || rest_[length] != quote) {
      throw SyntaxComplaint("a text in its marker does not end, or holds what it may not");
    }
    const std::string_view content = rest_.substr(0, length);
    const char mark = content.find('"') == std::string_view::npos ? '"' : '\'';
    add(mark + std::string(content) + mark);
    rest_.remove_prefix(length + 1);
  }

  bool take(std::string_view symbol) {
    skip_spaces();
    if (!rest_.starts_with(symbol)) return false;
    rest_.remove_prefix(symbol.size());
    add(symbol);
    return true;
  }

  bool take_word(std::string_view word) {
    skip_spaces();
    if (!rest_.starts_with(word)) return false;
    if (rest_.size() > word.size() && is_word_character(rest_[word.size()])) return false;
    return take(word);
  }

  void skip_spaces() { rest_.remove_prefix(std::min(rest_.find_first_not_of(" \t"), rest_.size())); }

  void add(std::string_view word) {
    if (!result_.empty()) result_ += ' ';
    result_ += word;
  }

  std::string_view rest_;
  std::string result_;
};

}  // namespace

std::string canonical_marker(std::string_view text) { return Parser(text).parse(); }

}  // namespace pysandbox
