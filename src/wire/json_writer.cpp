#include <boost/json/serialize.hpp>

#include <array>
#include <charconv>

#include "wire/json_document.hpp"

namespace pysandbox {
namespace {

namespace json = boost::json;

class Writer {
 public:
  explicit Writer(JsonStyle style) : style_(style) {}

  std::string take() { return std::move(text_); }

  void write(const json::value& value) {
    switch (value.kind()) {
      case json::kind::object:
        return write_object(value.get_object());
      case json::kind::array:
        return write_array(value.get_array());
      case json::kind::string:
        return write_string(value.get_string());
      case json::kind::double_:
        return write_number(value.get_double());
      case json::kind::int64:
        return write_number(value.get_int64());
      case json::kind::uint64:
        return write_number(value.get_uint64());
      case json::kind::bool_:
        text_ += value.get_bool() ? "true" : "false";
        return;
      case json::kind::null:
        text_ += "null";
        return;
    }
  }

 private:
  void write_object(const json::object& object) {
    open('{');
    for (const auto& member : object) {
      next();
      write_string(member.key());
      text_ += style_ == JsonStyle::indented ? ": " : ":";
      write(member.value());
    }
    close('}');
  }

  void write_array(const json::array& array) {
    open('[');
    for (const auto& element : array) {
      next();
      write(element);
    }
    close(']');
  }

  void write_string(json::string_view text) { text_ += json::serialize(text); }

  template <class Number>
  void write_number(Number number) {
    std::array<char, 32> digits;
    const auto end = std::to_chars(digits.data(), digits.data() + digits.size(), number).ptr;
    text_.append(digits.data(), end);
  }

  void open(char bracket) {
    text_ += bracket;
    is_first_ = true;
    ++depth_;
  }

  void next() {
    if (!is_first_) text_ += ',';
    is_first_ = false;
    new_line();
  }

  // An empty object or array stays on its line.
  void close(char bracket) {
    --depth_;
    if (!is_first_) new_line();
    is_first_ = false;
    text_ += bracket;
  }

  void new_line() {
    if (style_ == JsonStyle::indented) text_.append(1, '\n').append(2 * depth_, ' ');
  }

  JsonStyle style_;
  std::string text_;
  std::size_t depth_ = 0;
  bool is_first_ = true;
};

}  // namespace

std::string write_json(const json::value& value, JsonStyle style) {
  Writer writer(style);
  writer.write(value);
  return writer.take();
}

}  // namespace pysandbox
