#include "packages/pylock.hpp"

#include <algorithm>
#include <charconv>
#include <functional>

#include <pysandbox/error.hpp>

#include "value/text.hpp"

namespace pysandbox::packages {
namespace {

constexpr int deepest = 16;

// Of TOML what such a file needs: tables of arrays, keys, texts on one line, arrays, inline tables, bare words.
class Parser {
 public:
  explicit Parser(std::string_view text) : rest_(text) {}

  std::vector<PylockPackage> parse() {
    for (skip(); !rest_.empty(); skip()) {
      if (take("[[")) {
        begin_table();
      } else if (take("[")) {
        take_until(']');
        in_package_ = false;
      } else {
        parse_pair();
      }
    }
    return std::move(packages_);
  }

 private:
  using OnPair = std::function<void(const std::string& key)>;

  void begin_table() {
    in_package_ = take_until(']') == "packages";
    if (!take("]")) complain();
    if (in_package_) packages_.emplace_back();
  }

  void parse_pair() {
    const std::string key = parse_key();
    PylockPackage* package = in_package_ ? &packages_.back() : nullptr;
    if (package != nullptr && key == "name") {
      package->name = parse_text();
    } else if (package != nullptr && key == "version") {
      package->version = parse_text();
    } else if (package != nullptr && key == "wheels") {
      parse_array([&] { package->wheels.push_back(parse_wheel()); });
    } else {
      skip_value(0);
    }
  }

  PylockWheel parse_wheel() {
    PylockWheel wheel;
    parse_inline_table([&](const std::string& key) {
      if (key == "url") {
        wheel.url = parse_text();
      } else if (key == "path") {
        wheel.path = parse_text();
      } else if (key == "size") {
        wheel.size = parse_number();
      } else if (key == "hashes") {
        parse_inline_table([&](const std::string& kind) {
          std::string value = parse_text();
          if (kind == "sha256") wheel.sha256 = std::move(value);
        });
      } else {
        skip_value(0);
      }
    });
    return wheel;
  }

  std::string parse_key() {
    skip();
    if (!rest_.empty() && (rest_.front() == '"' || rest_.front() == '\'')) {
      std::string key = parse_text();
      expect("=");
      return key;
    }
    std::string key(take_until('='));
    while (!key.empty() && (key.back() == ' ' || key.back() == '\t')) key.pop_back();
    return key;
  }

  std::string parse_text() {
    skip();
    if (rest_.empty() || (rest_.front() != '"' && rest_.front() != '\'')) complain();
    const char quote = rest_.front();
    rest_.remove_prefix(1);
    std::string text;
    while (!rest_.empty() && rest_.front() != quote) {
      char c = rest_.front();
      rest_.remove_prefix(1);
      if (c == '\n') complain();
      if (c == '\\' && quote == '"') {
        if (rest_.empty() || (rest_.front() != '"' && rest_.front() != '\\')) complain();
        c = rest_.front();
        rest_.remove_prefix(1);
      }
      text += c;
    }
    if (rest_.empty()) complain();
    rest_.remove_prefix(1);
    return text;
  }

  std::uint64_t parse_number() {
    skip();
    std::uint64_t value = 0;
    const auto [end, failure] = std::from_chars(rest_.data(), rest_.data() + rest_.size(), value);
    if (failure != std::errc()) complain();
    rest_.remove_prefix(static_cast<std::size_t>(end - rest_.data()));
    return value;
  }

  void parse_array(const std::function<void()>& on_value) {
    expect("[");
    for (skip(); !take("]"); skip()) {
      on_value();
      skip();
      if (!take(",") && !rest_.starts_with(']')) complain();
    }
  }

  void parse_inline_table(const OnPair& on_pair) {
    expect("{");
    for (skip(); !take("}"); skip()) {
      on_pair(parse_key());
      skip();
      if (!take(",") && !rest_.starts_with('}')) complain();
    }
  }

  void skip_value(int depth) {
    if (depth == deepest) complain();
    skip();
    if (rest_.starts_with('[')) {
      parse_array([&] { skip_value(depth + 1); });
    } else if (rest_.starts_with('{')) {
      parse_inline_table([&](const std::string&) { skip_value(depth + 1); });
    } else if (rest_.starts_with('"') || rest_.starts_with('\'')) {
      parse_text();
    } else {  // a number, a date, true or false
      const auto length = std::min(rest_.find_first_of(",]}\n#"), rest_.size());
      if (length == 0) complain();
      rest_.remove_prefix(length);
    }
  }

  std::string_view take_until(char end) {
    const auto length = rest_.find(end);
    if (length == rest_.npos) complain();
    const std::string_view taken = rest_.substr(0, length);
    if (taken.find('\n') != taken.npos) complain();
    rest_.remove_prefix(length + 1);
    return taken;
  }

  bool take(std::string_view symbol) {
    if (!rest_.starts_with(symbol)) return false;
    rest_.remove_prefix(symbol.size());
    return true;
  }

  void expect(std::string_view symbol) {
    skip();
    if (!take(symbol)) complain();
  }

  // Spaces, line breaks and comments.
  void skip() {
    for (;;) {
      rest_.remove_prefix(std::min(rest_.find_first_not_of(" \t\r\n"), rest_.size()));
      if (!rest_.starts_with('#')) return;
      rest_.remove_prefix(std::min(rest_.find('\n'), rest_.size()));
    }
  }

  [[noreturn]] void complain() const {
    throw Error(ErrorCode::environment_failed, "uv wrote a lock that cannot be read at " + quoted(rest_.substr(0, 60)) +
                                                   "; use a newer or older uv, or pip");
  }

  std::string_view rest_;
  bool in_package_ = false;
  std::vector<PylockPackage> packages_;
};

}  // namespace

std::vector<PylockPackage> parse_pylock(std::string_view text) { return Parser(text).parse(); }

}  // namespace pysandbox::packages
