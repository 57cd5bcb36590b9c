#include "wire/json_field.hpp"

#include <pysandbox/error.hpp>

#include <boost/json/object.hpp>

#include <fmt/format.h>

#include <cmath>

#include "wire/base64.hpp"
#include "value/text.hpp"

namespace pysandbox {

namespace json = boost::json;

void JsonField::refuse(std::string_view expected) const {
  throw Error(ErrorCode::invalid_request,
              fmt::format("{} must be {}", name_.empty() ? "the document" : name_, expected));
}

std::string JsonField::name_of(std::string_view key) const {
  // A key is anybody's text; an ordinary one is short and stays as it is.
  const std::string shown = key.find_first_not_of("abcdefghijklmnopqrstuvwxyz_0123456789") == std::string_view::npos
                                ? std::string(key.substr(0, 80))
                                : quoted(key);
  return name_.empty() ? shown : name_ + "." + shown;
}

std::optional<JsonField> JsonField::find(std::string_view key) const {
  const auto* object = value_->if_object();
  if (object == nullptr) refuse("an object");
  const auto* member = object->if_contains(key);
  if (member == nullptr) return std::nullopt;
  return JsonField(*member, name_of(key));
}

std::optional<JsonField> JsonField::find_set(std::string_view key) const {
  auto field = find(key);
  if (field && field->value_->is_null()) return std::nullopt;
  return field;
}

JsonField JsonField::at(std::string_view key) const {
  if (auto field = find(key)) return *std::move(field);
  throw Error(ErrorCode::invalid_request, fmt::format("{} is missing; give it", name_of(key)));
}

std::vector<std::pair<std::string, JsonField>> JsonField::members() const {
  const auto* object = value_->if_object();
  if (object == nullptr) refuse("an object");
  std::vector<std::pair<std::string, JsonField>> members;
  for (const auto& member : *object) {
    const std::string key(member.key().data(), member.key().size());
    members.emplace_back(key, JsonField(member.value(), name_of(key)));
  }
  return members;
}

std::vector<JsonField> JsonField::elements() const {
  const auto* array = value_->if_array();
  if (array == nullptr) refuse("an array");
  std::vector<JsonField> elements;
  for (std::size_t index = 0; index < array->size(); ++index) {
    elements.emplace_back((*array)[index], fmt::format("{}[{}]", name_, index));
  }
  return elements;
}

std::string JsonField::text() const {
  const auto* string = value_->if_string();
  if (string == nullptr) refuse("a string");
  return std::string(string->data(), string->size());
}

std::string JsonField::bytes() const {
  if (!value_->is_object()) {
    if (!value_->is_string()) refuse("a string, or an object with the key base64");
    return text();
  }
  const JsonField encoded = at("base64");
  auto decoded = parse_base64(encoded.text());
  if (!decoded) encoded.refuse("base64 with padding and without blanks");
  return *std::move(decoded);
}

bool JsonField::flag() const {
  const auto* boolean = value_->if_bool();
  if (boolean == nullptr) refuse("true or false");
  return *boolean;
}

double JsonField::number() const {
  json::error_code error;
  const double number = value_->to_number<double>(error);
  if (error) refuse("a number");
  return number;
}

std::chrono::microseconds JsonField::seconds() const {
  constexpr double most = 1e9;  // three decades; a double keeps microseconds that far
  const double value = number();
  if (!(value >= 0 && value <= most)) refuse("a number of seconds, at least 0 and at most 1e9");
  return std::chrono::microseconds(std::llround(value * 1e6));
}

}  // namespace pysandbox
