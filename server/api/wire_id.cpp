#include "api/wire_id.hpp"

#include <algorithm>
#include <array>

#include "http/text.hpp"

namespace pysandbox::api {
namespace {

constexpr std::size_t digits = 32;
constexpr std::array<std::size_t, 4> dashes{8, 13, 18, 23};

bool is_dash_place(std::size_t at) { return std::ranges::find(dashes, at) != dashes.end(); }

}  // namespace

std::string to_wire_id(std::string_view id) {
  std::string text(id);
  if (id.size() != digits) return text;
  for (const std::size_t at : dashes) text.insert(at, 1, '-');
  return text;
}

std::optional<std::string> parse_wire_id(std::string_view text) {
  if (text.size() != digits && text.size() != digits + dashes.size()) return std::nullopt;
  const bool dashed = text.size() != digits;
  std::string id;
  for (std::size_t at = 0; at < text.size(); ++at) {
    if (dashed && is_dash_place(at)) {
      if (text[at] != '-') return std::nullopt;
      continue;
    }
    if (!http::is_hex_digit(text[at])) return std::nullopt;
    id += http::to_lower(text[at]);
  }
  return id;
}

}  // namespace pysandbox::api
