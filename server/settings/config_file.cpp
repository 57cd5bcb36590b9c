#include "settings/config_file.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <set>

#include <pysandbox/error.hpp>

namespace pysandbox::server {
namespace {

class Reader {
 public:
  explicit Reader(std::string_view text) : rest_(text) {}

  std::vector<ConfigEntry> read() {
    std::vector<ConfigEntry> entries;
    std::set<std::string> seen;
    for (skip_lines(); !rest_.empty(); skip_lines()) {
      ConfigEntry entry = read_entry();
      if (!seen.insert(entry.name).second) fail(fmt::format("{} is set a second time", entry.name));
      entries.push_back(std::move(entry));
    }
    return entries;
  }

 private:
  [[noreturn]] void fail(std::string_view problem) const {
    throw Error(ErrorCode::invalid_request, fmt::format("line {}: {}", line_, problem));
  }

  char front() const { return rest_.empty() ? '\0' : rest_.front(); }

  char take() {
    const char letter = front();
    rest_.remove_prefix(1);
    if (letter == '\n') ++line_;
    return letter;
  }

  void skip_blanks() {
    while (front() == ' ' || front() == '\t' || front() == '\r') take();
  }

  void skip_comment() {
    skip_blanks();
    if (front() != '#' && front() != ';') return;
    while (!rest_.empty() && front() != '\n') take();
  }

  void skip_lines() {
    for (skip_comment(); front() == '\n'; skip_comment()) take();
  }

  ConfigEntry read_entry() {
    ConfigEntry entry;
    entry.line = line_;
    if (front() == '[') fail("there are no sections; write the settings without any");
    while (is_word(front()) && front() != '=') entry.name += take();
    skip_blanks();
    if (entry.name.empty() || front() != '=') fail("takes NAME = VALUE");
    take();
    skip_blanks();
    if (front() == '[') {
      entry.values = read_list();
    } else {
      entry.values = {read_value()};
    }
    skip_comment();
    if (!rest_.empty() && front() != '\n') fail("there is something behind the value; put text in quotes");
    return entry;
  }

  std::vector<std::string> read_list() {
    std::vector<std::string> values;
    take();
    for (skip_lines(); front() != ']'; skip_lines()) {
      values.push_back(read_value());
      skip_lines();
      if (front() == ',') {
        take();
      } else if (front() != ']') {
        fail("a list takes a comma between its values and ] at its end");
      }
    }
    take();
    return values;
  }

  std::string read_value() {
    if (front() == '"') return read_text();
    if (front() == '\'') return read_literal();
    std::string word;
    while (is_word(front())) word += take();
    if (word.empty()) fail("there is no value; put text in quotes");
    return word;
  }

  std::string read_text() {
    std::string text;
    for (take(); front() != '"'; take()) {
      if (rest_.empty() || front() == '\n') fail("a quote is not closed");
      if (front() == '\\') take();
      text += front();  // only what is quoted below can stand behind a backslash
      if (rest_.size() < 2) fail("a quote is not closed");
    }
    take();
    return text;
  }

  std::string read_literal() {
    std::string text;
    for (take(); front() != '\''; text += take()) {
      if (rest_.empty() || front() == '\n') fail("a quote is not closed");
    }
    take();
    return text;
  }

  static bool is_word(char letter) {
    return letter > ' ' && letter != 0x7f && std::string_view("\"'[],#;").find(letter) == std::string_view::npos;
  }

  std::string_view rest_;
  int line_ = 1;
};

}  // namespace

std::vector<ConfigEntry> parse_config(std::string_view text) {
  if (text.find('\0') != text.npos) throw Error(ErrorCode::invalid_request, "is no text");
  return Reader(text).read();
}

std::string quote_config_value(std::string_view text) {
  std::string quoted = "\"";
  for (const char letter : text) {
    if (letter == '"' || letter == '\\') quoted += '\\';
    quoted += letter;
  }
  return quoted += '"';
}

}  // namespace pysandbox::server
