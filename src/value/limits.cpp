#include <pysandbox/error.hpp>
#include <pysandbox/limits.hpp>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <limits>
#include <optional>
#include <variant>

#include "value/text.hpp"

namespace pysandbox {
namespace {

using Unit = LimitField::Unit;
using Member = std::variant<std::chrono::milliseconds Limits::*, std::uint64_t Limits::*, double Limits::*>;

struct Row {
  LimitField field;
  Member member;
};

constexpr double kibi = 1024, mebi = 1024 * kibi, gibi = 1024 * mebi, tebi = 1024 * gibi;
constexpr double day = 86'400;

// Every rule about a limit is in its row. The largest sizes fit a double exactly.
constexpr std::array rows{
    Row{{"time_limit", Unit::seconds, 0.001, day}, &Limits::time_limit},
    Row{{"cpu_time_limit", Unit::seconds, 0.001, day}, &Limits::cpu_time_limit},
    Row{{"grace_period", Unit::seconds, 0, 60}, &Limits::grace_period},
    Row{{"memory_bytes", Unit::bytes, 16 * mebi, tebi}, &Limits::memory_bytes},
    Row{{"cpus", Unit::processors, 0.01, 1024}, &Limits::cpus},
    Row{{"processes", Unit::count, 1, 100'000}, &Limits::processes},
    Row{{"open_files", Unit::count, 16, 1'048'576}, &Limits::open_files},
    Row{{"file_size_bytes", Unit::bytes, 1, tebi}, &Limits::file_size_bytes},
    Row{{"workspace_bytes", Unit::bytes, 64 * kibi, tebi}, &Limits::workspace_bytes},
    Row{{"workspace_inodes", Unit::count, 16, 16'777'216}, &Limits::workspace_inodes},
    Row{{"stdout_bytes", Unit::bytes, 1, 256 * mebi}, &Limits::stdout_bytes},
    Row{{"stderr_bytes", Unit::bytes, 1, 256 * mebi}, &Limits::stderr_bytes},
    Row{{"artifact_count", Unit::count, 0, 10'000}, &Limits::artifact_count},
    Row{{"artifact_bytes", Unit::bytes, 0, tebi}, &Limits::artifact_bytes},
};

constexpr auto fields = [] {
  std::array<LimitField, rows.size()> result{};
  std::transform(rows.begin(), rows.end(), result.begin(), [](const Row& row) { return row.field; });
  return result;
}();

bool is_whole(Unit unit) { return unit == Unit::bytes || unit == Unit::count; }

bool accepts(const LimitField& field, double value) {
  // Not a number compares false.
  if (!(value >= field.minimum && value <= field.maximum)) return false;
  return !is_whole(field.unit) || value == std::floor(value);
}

std::string size_text(double bytes) {
  for (const auto& [unit, suffix] : {std::pair(gibi, 'G'), std::pair(mebi, 'M'), std::pair(kibi, 'K')}) {
    if (bytes >= unit && std::fmod(bytes, unit) == 0) return fmt::format("{}{}", bytes / unit, suffix);
  }
  return fmt::format("{}", bytes);
}

std::string range_text(const LimitField& field) {
  switch (field.unit) {
    case Unit::seconds:
      return fmt::format("a number of seconds from {} to {}", field.minimum, field.maximum);
    case Unit::processors:
      return fmt::format("a number of processors from {} to {}", field.minimum, field.maximum);
    case Unit::count:
      return fmt::format("a whole number from {} to {}", field.minimum, field.maximum);
    case Unit::bytes:
      return fmt::format("a whole number of bytes from {} to {}", size_text(field.minimum), size_text(field.maximum));
  }
  throw Error(ErrorCode::internal, "a limit has a unit that nothing here knows; report this");
}

[[noreturn]] void refuse(const LimitField& field, const std::string& value) {
  throw Error(ErrorCode::invalid_request, fmt::format("{} must be {}, not {}", field.name, range_text(field), value));
}

const Row& row_of(std::string_view name) {
  const auto found = std::find_if(rows.begin(), rows.end(), [&](const Row& row) { return row.field.name == name; });
  if (found != rows.end()) return *found;
  std::array<std::string_view, rows.size()> names;
  std::transform(fields.begin(), fields.end(), names.begin(), [](const LimitField& field) { return field.name; });
  throw Error(ErrorCode::invalid_request,
              fmt::format("there is no limit called {}; use one of {}", quoted(name), fmt::join(names, ", ")));
}

double value_in(const Limits& limits, std::chrono::milliseconds Limits::*member) {
  return static_cast<double>((limits.*member).count()) / 1000;
}
double value_in(const Limits& limits, std::uint64_t Limits::*member) { return static_cast<double>(limits.*member); }
double value_in(const Limits& limits, double Limits::*member) { return limits.*member; }

void store(Limits& limits, std::chrono::milliseconds Limits::*member, double value) {
  limits.*member = std::chrono::milliseconds(std::llround(value * 1000));
}
void store(Limits& limits, std::uint64_t Limits::*member, double value) {
  limits.*member = static_cast<std::uint64_t>(value);
}
void store(Limits& limits, double Limits::*member, double value) { limits.*member = value; }

double value_of(const Row& row, const Limits& limits) {
  return std::visit([&](auto member) { return value_in(limits, member); }, row.member);
}

// The whole of `text` as a Number, or nothing.
template <class Number>
std::optional<Number> parse_number(std::string_view text) {
  Number value{};
  const char* const end = text.data() + text.size();
  const auto [stop, error] = std::from_chars(text.data(), end, value);
  if (error != std::errc() || stop != end) return std::nullopt;
  return value;
}

std::uint64_t take_suffix(std::string_view& text) {
  for (const auto& [suffix, factor] :
       {std::pair('K', 1ULL << 10), std::pair('M', 1ULL << 20), std::pair('G', 1ULL << 30)}) {
    if (!text.ends_with(suffix)) continue;
    text.remove_suffix(1);
    return factor;
  }
  return 1;
}

std::optional<double> parse_value(const LimitField& field, std::string_view text) {
  if (!is_whole(field.unit)) return parse_number<double>(text);
  const std::uint64_t factor = field.unit == Unit::bytes ? take_suffix(text) : 1;
  const auto value = parse_number<std::uint64_t>(text);
  if (!value || *value > std::numeric_limits<std::uint64_t>::max() / factor) return std::nullopt;
  return static_cast<double>(*value * factor);
}

}  // namespace

std::span<const LimitField> limit_fields() { return fields; }

double get_limit(const Limits& limits, std::string_view name) { return value_of(row_of(name), limits); }

void set_limit(Limits& limits, std::string_view name, double value) {
  const Row& row = row_of(name);
  if (!accepts(row.field, value)) refuse(row.field, fmt::format("{}", value));
  std::visit([&](auto member) { store(limits, member, value); }, row.member);
}

void set_limit(Limits& limits, std::string_view name, std::string_view text) {
  const Row& row = row_of(name);
  const auto value = parse_value(row.field, text);
  if (!value || !accepts(row.field, *value)) refuse(row.field, quoted(text));
  set_limit(limits, name, *value);
}

void check_limits(const Limits& limits) {
  for (const Row& row : rows) {
    const double value = value_of(row, limits);
    if (!accepts(row.field, value)) refuse(row.field, fmt::format("{}", value));
  }
}

}  // namespace pysandbox
