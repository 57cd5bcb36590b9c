#include "http/range.hpp"

#include <algorithm>
#include <charconv>
#include <limits>
#include <optional>

#include "http/text.hpp"

namespace pysandbox::http {
namespace {

// A number that is too large for us is as good as the largest: everything ends before it.
std::optional<std::uint64_t> number(std::string_view digits) {
  if (digits.empty() || !std::all_of(digits.begin(), digits.end(), is_digit)) return std::nullopt;
  std::uint64_t value = 0;
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), value);
  return error == std::errc{} ? value : std::numeric_limits<std::uint64_t>::max();
}

}  // namespace

RangeChoice choose_range(std::string_view field, std::uint64_t size) {
  constexpr std::string_view unit = "bytes=";
  if (field.size() < unit.size() || !equal_ignoring_case(field.substr(0, unit.size()), unit)) return WholeFile{};
  const std::string_view range = trimmed(field.substr(unit.size()));
  const auto dash = range.find('-');
  if (dash == std::string_view::npos) return WholeFile{};
  const std::string_view before = range.substr(0, dash);
  const std::string_view after = range.substr(dash + 1);
  const auto first = number(before);
  const auto last = number(after);
  if (before.empty() && last) {  // the last bytes
    if (*last == 0 || size == 0) return Unsatisfiable{};
    const std::uint64_t length = std::min(*last, size);
    return ByteRange{size - length, length};
  }
  if (!first || (!last && !after.empty()) || (last && *last < *first)) return WholeFile{};
  if (*first >= size) return Unsatisfiable{};
  return ByteRange{*first, std::min(last.value_or(size - 1), size - 1) - *first + 1};
}

std::string content_range(const ByteRange& range, std::uint64_t size) {
  return "bytes " + std::to_string(range.first) + '-' + std::to_string(range.first + range.length - 1) + '/' +
         std::to_string(size);
}

std::string content_range(const Unsatisfiable&, std::uint64_t size) { return "bytes */" + std::to_string(size); }

}  // namespace pysandbox::http
