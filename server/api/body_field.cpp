#include "api/body_field.hpp"

#include <boost/json/object.hpp>

#include <fmt/format.h>

#include <charconv>

#include "value/text.hpp"
#include "wire/json_document.hpp"

namespace pysandbox::api {
namespace {

namespace json = boost::json;

constexpr std::size_t most_details = 20;

std::string_view view(const json::string& text) { return {text.data(), text.size()}; }

// The whole of `text` as a number, or nothing.
template <class Number>
std::optional<Number> parse_number(std::string_view text) {
  Number number{};
  const char* const end = text.data() + text.size();
  const auto [stop, error] = std::from_chars(text.data(), end, number);
  if (error != std::errc() || stop != end) return std::nullopt;
  return number;
}

// A key is anybody's text; an ordinary one is short and stays as it is.
std::string shown_key(std::string_view key) {
  constexpr std::string_view ordinary = "abcdefghijklmnopqrstuvwxyz_0123456789";
  const bool is_ordinary = key.size() <= 40 && key.find_first_not_of(ordinary) == std::string_view::npos;
  return is_ordinary && !key.empty() ? std::string(key) : quoted(key);
}

}  // namespace

json::value parse_body(std::string_view text) {
  try {
    return parse_json(text);
  } catch (const Error& error) {
    throw Refusal(400, "invalid_json", error.what());
  }
}

void BodyField::refuse(std::string_view expected) const {
  throw wrong_field(name_.empty() ? "the body" : name_, fmt::format("must be {}", expected));
}

bool BodyField::is_absent() const {
  const auto* text = value_->if_string();
  return value_->is_null() || (text != nullptr && text->empty());
}

BodyField BodyField::member(std::string_view key, const json::value& value) const {
  return {value, name_.empty() ? shown_key(key) : name_ + "." + shown_key(key), owner_};
}

BodyField BodyField::decoded(std::string_view expected) const {
  if (!value_->is_string()) return *this;
  try {
    auto owner = std::make_shared<const json::value>(parse_json(view(value_->get_string())));
    return {*owner, name_, owner};
  } catch (const Error&) {
    refuse(expected);
  }
}

std::optional<BodyField> BodyField::find(std::string_view key) const {
  const auto* object = value_->if_object();
  if (object == nullptr) refuse("an object");
  const auto* found = object->if_contains(key);
  if (found == nullptr) return std::nullopt;
  return member(key, *found);
}

std::vector<std::pair<std::string, BodyField>> BodyField::members() const {
  const BodyField field = decoded("an object");
  const auto* object = field.value_->if_object();
  if (object == nullptr) refuse("an object");
  std::vector<std::pair<std::string, BodyField>> members;
  for (const auto& entry : *object) {
    const std::string key(entry.key().data(), entry.key().size());
    members.emplace_back(key, field.member(key, entry.value()));
  }
  return members;
}

std::vector<BodyField> BodyField::elements() const {
  const BodyField field = decoded("an array");
  const auto* array = field.value_->if_array();
  if (array == nullptr) refuse("an array");
  std::vector<BodyField> elements;
  for (std::size_t index = 0; index < array->size(); ++index) {
    elements.push_back({(*array)[index], fmt::format("{}[{}]", name_, index), field.owner_});
  }
  return elements;
}

std::string BodyField::text() const {
  const auto* string = value_->if_string();
  if (string == nullptr) refuse("a string");
  return std::string(view(*string));
}

std::vector<std::string> BodyField::texts() const {
  std::vector<std::string> texts;
  for (const BodyField& element : elements()) texts.push_back(element.text());
  return texts;
}

double BodyField::number() const {
  if (const auto* string = value_->if_string()) {
    const auto number = parse_number<double>(view(*string));
    if (!number) refuse("a number");
    return *number;
  }
  json::error_code error;
  const double number = value_->to_number<double>(error);
  if (error) refuse("a number");
  return number;
}

std::int64_t BodyField::whole_number(std::int64_t minimum, std::int64_t maximum) const {
  json::error_code error;
  std::optional<std::int64_t> number;
  if (const auto* string = value_->if_string()) {
    number = parse_number<std::int64_t>(view(*string));
  } else {
    number = value_->to_number<std::int64_t>(error);
  }
  if (error || !number || *number < minimum || *number > maximum) {
    refuse(fmt::format("a whole number from {} to {}", minimum, maximum));
  }
  return *number;
}

std::optional<bool> BodyField::flag() const {
  if (const auto* flag = value_->if_bool()) return *flag;
  const auto* string = value_->if_string();
  if (string != nullptr && view(*string) == "true") return true;
  if (string != nullptr && view(*string) == "false") return false;
  return std::nullopt;
}

void FieldProblems::add(const Refusal& refusal) {
  if (!first_) first_ = refusal;
  agree_ = agree_ && refusal.status() == first_->status() && refusal.word() == first_->word();
  ++count_;
  for (const json::value& detail : refusal.details()) {
    if (details_.size() < most_details) details_.push_back(detail);
  }
}

void FieldProblems::throw_if_any() const {
  if (!first_) return;
  if (count_ == 1) throw Refusal(*first_);
  const std::string sentence = fmt::format("{} (and {} more, see details)", first_->what(), count_ - 1);
  if (!agree_) throw Refusal(400, "invalid_request", sentence, details_);
  throw Refusal(first_->status(), first_->word(), sentence, details_);
}

}  // namespace pysandbox::api
