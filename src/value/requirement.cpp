#include "value/requirement.hpp"

#include <algorithm>
#include <array>
#include <cstddef>
#include <optional>

#include <pysandbox/error.hpp>

#include "value/marker.hpp"
#include "value/text.hpp"

namespace pysandbox {
namespace {

constexpr std::size_t longest_requirement = 512;

bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool is_letter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }
bool is_alphanumeric(char c) { return is_digit(c) || is_letter(c); }
bool is_separator(char c) { return c == '.' || c == '_' || c == '-'; }
bool is_space(char c) { return c == ' ' || c == '\t'; }

std::string lower(std::string_view text) {
  std::string result(text);
  for (char& c : result) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  }
  return result;
}

void sort_unique(std::vector<std::string>& texts) {
  std::ranges::sort(texts);
  texts.erase(std::unique(texts.begin(), texts.end()), texts.end());
}

// What is left of a text, and what can be taken off its front.
class Cursor {
 public:
  explicit Cursor(std::string_view text) : rest_(text) {}

  std::string_view rest() const { return rest_; }
  bool at_end() const { return rest_.empty(); }
  char front() const { return rest_.empty() ? '\0' : rest_.front(); }

  template <typename Accept>
  std::string_view take_while(const Accept& accept) {
    const auto end = std::ranges::find_if_not(rest_, accept);
    const std::string_view taken = rest_.substr(0, static_cast<std::size_t>(end - rest_.begin()));
    rest_.remove_prefix(taken.size());
    return taken;
  }

  bool take(std::string_view text) {
    if (!rest_.starts_with(text)) return false;
    rest_.remove_prefix(text.size());
    return true;
  }

  void skip_spaces() { take_while(is_space); }

 private:
  std::string_view rest_;
};

// PEP 508, "identifier": letters and digits, with '.', '_' and '-' between them.
std::string take_name(Cursor& cursor, const char* what) {
  const std::string_view name = cursor.take_while([](char c) { return is_alphanumeric(c) || is_separator(c); });
  if (name.empty()) throw SyntaxComplaint(std::string("it has no ") + what + " at " + quoted(cursor.rest()));
  if (is_separator(name.front()) || is_separator(name.back())) {
    throw SyntaxComplaint(quoted(name) + " does not begin and end with a letter or digit");
  }
  return normalized_package_name(name);
}

std::vector<std::string> take_extras(Cursor& cursor) {
  std::vector<std::string> extras;
  if (!cursor.take("[")) return extras;
  for (cursor.skip_spaces(); !cursor.take("]"); cursor.skip_spaces()) {
    if (!extras.empty() && !cursor.take(",")) throw SyntaxComplaint("its extras lack a ',' or a ']'");
    cursor.skip_spaces();
    extras.push_back(take_name(cursor, "extra"));
  }
  sort_unique(extras);
  return extras;
}

// PEP 440: [N!]N(.N)*[{a|b|rc}N][.postN][.devN][+local], in the spellings that its appendix B allows.
class Version {
 public:
  explicit Version(std::string_view text) : cursor_(text) {}

  // True if the whole text is one. `wildcard`: whether ".*" at the end is allowed.
  bool is_whole(bool wildcard) {
    cursor_.take("v");
    if (!take_number()) return false;
    if (cursor_.take("!") && !take_number()) return false;
    while (cursor_.rest().size() > 1 && cursor_.front() == '.' && is_digit(cursor_.rest()[1])) {
      cursor_.take(".");
      take_number();
    }
    if (wildcard && cursor_.rest() == ".*") return true;
    take_part({"alpha", "beta", "preview", "pre", "a", "b", "c", "rc"});
    if (!take_part({"post", "rev", "r"}) && cursor_.rest().size() > 1 && cursor_.front() == '-' &&
        is_digit(cursor_.rest()[1])) {
      cursor_.take("-");
      take_number();
    }
    take_part({"dev"});
    return take_local() && cursor_.at_end();
  }

 private:
  bool take_number() { return !cursor_.take_while(is_digit).empty(); }

  bool take_part(std::initializer_list<std::string_view> words) {
    Cursor ahead = cursor_;
    if (is_separator(ahead.front())) ahead.take(ahead.rest().substr(0, 1));
    if (std::ranges::none_of(words, [&](std::string_view word) { return ahead.take(word); })) return false;
    if (is_separator(ahead.front()) && ahead.rest().size() > 1 && is_digit(ahead.rest()[1])) {
      ahead.take(ahead.rest().substr(0, 1));
    }
    ahead.take_while(is_digit);
    cursor_ = ahead;
    return true;
  }

  bool take_local() {
    if (!cursor_.take("+")) return true;
    do {
      if (cursor_.take_while(is_alphanumeric).empty()) return false;
    } while (is_separator(cursor_.front()) && cursor_.take(cursor_.rest().substr(0, 1)));
    return true;
  }

  Cursor cursor_;
};

// Longer ones first, so that "<=" is not read as "<".
constexpr std::array<std::string_view, 8> operators{"===", "==", "~=", "!=", "<=", ">=", "<", ">"};

bool begins_specifier(const Cursor& cursor) {
  return cursor.front() != '\0' && std::string_view("=~!<>").find(cursor.front()) != std::string_view::npos;
}

std::string take_specifier(Cursor& cursor) {
  const auto* found = std::ranges::find_if(operators, [&](std::string_view one) { return cursor.take(one); });
  if (found == operators.end()) throw SyntaxComplaint("it has no comparison at " + quoted(cursor.rest()));
  cursor.skip_spaces();
  const std::string version = lower(cursor.take_while(
      [](char c) { return is_alphanumeric(c) || is_separator(c) || c == '*' || c == '+' || c == '!'; }));
  const bool wildcard = *found == "==" || *found == "!=";
  if (!Version(version).is_whole(wildcard)) {
    throw SyntaxComplaint(quoted(version) + " is no version that can follow " + std::string(*found));
  }
  return std::string(*found) + version;
}

std::vector<std::string> take_specifiers(Cursor& cursor) {
  std::vector<std::string> specifiers;
  const bool in_parentheses = cursor.take("(");
  cursor.skip_spaces();
  if (!in_parentheses && !begins_specifier(cursor)) return specifiers;
  do {
    cursor.skip_spaces();
    specifiers.push_back(take_specifier(cursor));
    cursor.skip_spaces();
  } while (cursor.take(","));
  if (in_parentheses && !cursor.take(")")) throw SyntaxComplaint("its versions lack a ')'");
  sort_unique(specifiers);
  return specifiers;
}

// What people write that an installer would take, and that we do not.
std::optional<std::string> known_mistake(std::string_view text) {
  const std::string_view trimmed = text.substr(std::min(text.find_first_not_of(" \t"), text.size()));
  if (trimmed.empty()) return "it is empty";
  if (trimmed.front() == '-') return "options are not allowed";
  if (trimmed.find("://") != trimmed.npos || trimmed.find('@') != trimmed.npos) {
    return "addresses are not allowed, packages come from the operator's index";
  }
  if (trimmed.front() == '.' || trimmed.substr(0, trimmed.find(';')).find_first_of("/\\") != trimmed.npos) {
    return "paths are not allowed";
  }
  return std::nullopt;
}

Requirement parse(std::string_view text) {
  if (text.size() > longest_requirement) throw SyntaxComplaint("it is longer than 512 bytes");
  const auto hidden = std::ranges::find_if(text, [](char c) { return (c < 0x20 && c != '\t') || c == 0x7f; });
  if (hidden != text.end()) throw SyntaxComplaint("it holds a control character or one that is not ASCII");
  if (const auto mistake = known_mistake(text)) throw SyntaxComplaint(*mistake);

  Cursor cursor(text);
  cursor.skip_spaces();
  Requirement requirement;
  requirement.name = take_name(cursor, "name");
  cursor.skip_spaces();
  requirement.extras = take_extras(cursor);
  cursor.skip_spaces();
  requirement.specifiers = take_specifiers(cursor);
  cursor.skip_spaces();
  if (cursor.take(";")) {
    requirement.marker = canonical_marker(cursor.rest());
  } else if (!cursor.at_end()) {
    throw SyntaxComplaint("it goes on with " + quoted(cursor.rest()));
  }
  return requirement;
}

}  // namespace

std::string Requirement::text() const {
  std::string result = name;
  const auto join = [&](const std::vector<std::string>& parts) {
    for (std::size_t i = 0; i < parts.size(); ++i) result += (i == 0 ? "" : ",") + parts[i];
  };
  if (!extras.empty()) {
    result += '[';
    join(extras);
    result += ']';
  }
  join(specifiers);
  if (!marker.empty()) result += " ; " + marker;
  return result;
}

std::string normalized_package_name(std::string_view name) {
  std::string result;
  for (const char c : lower(name)) {
    if (!is_separator(c)) {
      result += c;
    } else if (result.empty() || result.back() != '-') {
      result += '-';
    }
  }
  return result;
}

Requirement parse_requirement(std::string_view text) {
  try {
    return parse(text);
  } catch (const SyntaxComplaint& complaint) {
    throw Error(ErrorCode::invalid_request, quoted(text) + " is no requirement that can be had: " + complaint.what() +
                                                "; write a name and, if you like, versions, such as 'numpy>=2'");
  }
}

std::vector<std::string> canonical_requirements(const std::vector<std::string>& requirements) {
  std::vector<std::string> texts;
  for (const auto& requirement : requirements) texts.push_back(parse_requirement(requirement).text());
  sort_unique(texts);
  return texts;
}

}  // namespace pysandbox
