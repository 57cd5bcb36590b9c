#include "settings/setting_kinds.hpp"

#include <fmt/format.h>

#include <charconv>
#include <cmath>

#include <pysandbox/error.hpp>

namespace pysandbox::server {
namespace {

[[noreturn]] void refuse(std::string_view wanted, Range range, const std::string& text) {
  const bool bounded = range.most < static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max());
  throw Error(ErrorCode::invalid_request,
              bounded ? fmt::format("takes {} from {} to {}, not \"{}\"", wanted, range.least, range.most, text)
                      : fmt::format("takes {} of at least {}, not \"{}\"", wanted, range.least, text));
}

std::optional<std::uint64_t> whole(std::string_view text) {
  std::uint64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  return value;
}

unsigned binary_shift(char suffix) {
  switch (suffix) {
    case 'K':
    case 'k':
      return 10;
    case 'M':
    case 'm':
      return 20;
    case 'G':
    case 'g':
      return 30;
    default:
      return 0;
  }
}

}  // namespace

std::uint64_t parse_whole(const std::string& text, Range range) {
  const auto value = whole(text);
  if (!value || *value < range.least || *value > range.most) refuse("a whole number", range, text);
  return *value;
}

std::uint64_t parse_bytes(const std::string& text, Range range) {
  const unsigned shift = text.empty() ? 0 : binary_shift(text.back());
  const auto value = whole(std::string_view(text).substr(0, text.size() - (shift > 0 ? 1 : 0)));
  if (!value || *value > (range.most >> shift) || (*value << shift) < range.least) {
    refuse("a number of bytes (K, M and G are understood)", range, text);
  }
  return *value << shift;
}

std::chrono::milliseconds parse_seconds(const std::string& text, Range range) {
  double value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value, std::chars_format::fixed);
  const bool number = error == std::errc{} && end == text.data() + text.size() && std::isfinite(value);
  if (!number || value < static_cast<double>(range.least) || value > static_cast<double>(range.most)) {
    refuse("a number of seconds", range, text);
  }
  return std::chrono::milliseconds(std::llround(value * 1000));
}

std::string show_seconds(std::chrono::milliseconds duration) {
  return fmt::format("{}", static_cast<double>(duration.count()) / 1000);
}

std::vector<std::string> unless_empty(std::string text) {
  if (text.empty()) return {};
  return {std::move(text)};
}

}  // namespace pysandbox::server
