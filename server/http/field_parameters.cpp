#include "http/field_parameters.hpp"

#include <algorithm>

#include "http/text.hpp"

namespace pysandbox::http {
namespace {

std::string lower(std::string_view text) {
  std::string result(text);
  std::transform(result.begin(), result.end(), result.begin(), to_lower);
  return result;
}

// Takes a quoted string from the front of `rest`.
std::optional<std::string> take_quoted(std::string_view& rest) {
  std::string value;
  for (std::size_t i = 1; i < rest.size(); ++i) {
    if (rest[i] == '"') {
      rest.remove_prefix(i + 1);
      return value;
    }
    const bool is_escape = rest[i] == '\\' && i + 1 < rest.size() && (rest[i + 1] == '"' || rest[i + 1] == '\\');
    if (is_escape) ++i;
    value += rest[i];
  }
  return std::nullopt;
}

// RFC 8187 names ISO-8859-1 beside UTF-8.
std::string latin1_to_utf8(std::string_view text) {
  std::string result;
  for (const char byte : text) {
    const auto value = static_cast<unsigned char>(byte);
    if (value < 0x80) {
      result += byte;
    } else {
      result += static_cast<char>(0xc0 | value >> 6);
      result += static_cast<char>(0x80 | (value & 0x3f));
    }
  }
  return result;
}

}  // namespace

const std::string* FieldParameters::find(std::string_view lower_case_name) const {
  for (const auto& [name, value_of_it] : parameters)
    if (name == lower_case_name) return &value_of_it;
  return nullptr;
}

std::optional<FieldParameters> parse_field_parameters(std::string_view field) {
  FieldParameters parsed;
  parsed.value = lower(trimmed(field.substr(0, field.find(';'))));
  if (parsed.value.empty()) return std::nullopt;
  field.remove_prefix(std::min(field.find(';'), field.size()));
  while (!field.empty()) {
    field = trimmed(field.substr(1));
    if (field.empty()) break;  // a ';' at the end
    const auto equals = field.find('=');
    if (equals == std::string_view::npos || !is_token(field.substr(0, equals))) return std::nullopt;
    std::string name = lower(field.substr(0, equals));
    field.remove_prefix(equals + 1);
    std::optional<std::string> value;
    if (field.starts_with('"')) {
      value = take_quoted(field);
    } else {
      const auto end = std::min(field.find(';'), field.size());
      value = trimmed(field.substr(0, end));
      field.remove_prefix(end);
      if (value->empty() || value->find('"') != std::string::npos) return std::nullopt;
    }
    field = trimmed(field);
    if (!value || parsed.find(name) || (!field.empty() && field.front() != ';')) return std::nullopt;
    parsed.parameters.emplace_back(std::move(name), *std::move(value));
  }
  return parsed;
}

std::optional<std::string> decode_extended(std::string_view value) {
  const auto quote = value.find('\'');
  if (quote == std::string_view::npos) return std::nullopt;
  const auto second = value.find('\'', quote + 1);
  if (second == std::string_view::npos) return std::nullopt;
  const std::string_view charset = value.substr(0, quote);
  std::string decoded;
  for (value.remove_prefix(second + 1); !value.empty(); value.remove_prefix(1)) {
    if (value.front() != '%') {
      decoded += value.front();
      continue;
    }
    const auto byte = percent_decoded(value);
    if (!byte) return std::nullopt;
    decoded += *byte;
    value.remove_prefix(2);
  }
  if (equal_ignoring_case(charset, "utf-8")) return decoded;
  if (equal_ignoring_case(charset, "iso-8859-1")) return latin1_to_utf8(decoded);
  return std::nullopt;
}

}  // namespace pysandbox::http
