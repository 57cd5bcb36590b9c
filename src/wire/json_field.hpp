// JsonField: one value in a JSON document, and where it stands there.
//
// Every reader throws Error{invalid_request} with the full name ("inputs[2].path")
// for a value of a wrong type or out of range.
#pragma once

#include <boost/json/value.hpp>

#include <chrono>
#include <concepts>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace pysandbox {

class JsonField {
 public:
  // `value` must outlive the field.
  JsonField(const boost::json::value& value, std::string name) : value_(&value), name_(std::move(name)) {}

  const std::string& name() const { return name_; }

  // Members of an object; at() is for those that must be there, find_set() takes null for absent.
  JsonField at(std::string_view key) const;
  std::optional<JsonField> find(std::string_view key) const;
  std::optional<JsonField> find_set(std::string_view key) const;
  std::vector<std::pair<std::string, JsonField>> members() const;

  std::vector<JsonField> elements() const;
  std::string text() const;
  std::string bytes() const;  // text, or {"base64": "..."}
  bool flag() const;
  double number() const;
  std::chrono::microseconds seconds() const;

  template <std::integral Number>
  Number whole_number() const {
    boost::json::error_code error;
    const auto number = value_->to_number<Number>(error);
    if (error) refuse("a whole number in range");
    return number;
  }

  // Throws "<name> must be <expected>".
  [[noreturn]] void refuse(std::string_view expected) const;

 private:
  std::string name_of(std::string_view key) const;

  const boost::json::value* value_;
  std::string name_;  // empty for the document
};

}  // namespace pysandbox
