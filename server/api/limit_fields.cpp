#include "api/limit_fields.hpp"

#include <boost/json/object.hpp>

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <string>

#include <pysandbox/error.hpp>

namespace pysandbox::api {
namespace {

namespace json = boost::json;

struct OtherName {
  std::string_view key;
  std::string_view name;
  double unit;  // in the limit's own
};

constexpr std::array other_names{
    OtherName{"timeout", "time_limit", 1},
    OtherName{"memory", "memory_bytes", 1024 * 1024},
    OtherName{"cpu", "cpus", 1},
};

const LimitField* find_limit(std::string_view name) {
  const auto fields = limit_fields();
  const auto found = std::ranges::find(fields, name, &LimitField::name);
  return found == fields.end() ? nullptr : &*found;
}

OtherName name_of(std::string_view key) {
  const auto* found = std::ranges::find(other_names, key, &OtherName::key);
  return found == other_names.end() ? OtherName{key, key, 1} : *found;
}

bool is_whole(const LimitField& limit) {
  return limit.unit == LimitField::Unit::bytes || limit.unit == LimitField::Unit::count;
}

std::string_view unit_text(const LimitField& limit, const OtherName& name) {
  if (name.unit != 1) return "MiB";
  switch (limit.unit) {
    case LimitField::Unit::seconds:
      return "seconds";
    case LimitField::Unit::bytes:
      return "bytes";
    case LimitField::Unit::processors:
      return "processors";
    case LimitField::Unit::count:
      break;
  }
  return "pieces";
}

// "512M" is 512 MiB for a limit in bytes, as in limits.hpp.
double value_of(const BodyField& field, const LimitField& limit, const OtherName& name) {
  const bool may_have_suffix = limit.unit == LimitField::Unit::bytes && name.unit == 1 && field.is_text();
  if (!may_have_suffix) return field.number();
  const std::string text = field.text();
  if (text.find_last_of("KMG") != text.size() - 1) return field.number();
  Limits scratch;
  try {
    set_limit(scratch, limit.name, text);
  } catch (const Error&) {
    field.refuse("a number of bytes in its range");
  }
  return get_limit(scratch, limit.name);
}

json::value plain_number(double number) {
  constexpr double exact = 9007199254740992;  // 2^53
  if (number == std::floor(number) && number < exact) return static_cast<std::uint64_t>(number);
  return number;
}

[[noreturn]] void refuse_range(const BodyField& field, std::string_view unit, double minimum, double maximum,
                               std::string_view kind) {
  const std::string problem = fmt::format("must be a {} of {} from {} to {}", kind, unit, minimum, maximum);
  json::value detail = field_problem(field.name(), problem);
  detail.as_object()["minimum"] = plain_number(minimum);
  detail.as_object()["maximum"] = plain_number(maximum);
  throw Refusal(400, "limit_out_of_range", field.name() + " " + problem, {std::move(detail)});
}

}  // namespace

bool LimitReader::knows(std::string_view key) { return find_limit(name_of(key).name) != nullptr; }

void LimitReader::take(std::string_view key, const BodyField& field) {
  const OtherName name = name_of(key);
  const LimitField& limit = *find_limit(name.name);
  if (!given_.insert(limit.name).second) {
    throw wrong_field(field.name(), fmt::format("sets {} a second time; give it once", limit.name));
  }
  double value = value_of(field, limit, name) * name.unit;
  if (is_whole(limit) && name.unit != 1) value = std::floor(value);
  const double maximum = std::min(limit.maximum, get_limit(bounds_.max_limits, limit.name));
  const bool fits = value >= limit.minimum && value <= maximum;  // false for what is no number
  if (!fits || (is_whole(limit) && value != std::floor(value))) {
    refuse_range(field, unit_text(limit, name), limit.minimum / name.unit, maximum / name.unit,
                 is_whole(limit) && name.unit == 1 ? "whole number" : "number");
  }
  set_limit(limits_, limit.name, value);
}

Limits LimitReader::take_limits() {
  if (given_.contains("cpu_time_limit")) return limits_;
  // Whole seconds, so that a program that computes all the time meets its time limit, not this one.
  const double seconds = std::ceil(get_limit(limits_, "time_limit") * limits_.cpus);
  set_limit(limits_, "cpu_time_limit", std::min(seconds, get_limit(bounds_.max_limits, "cpu_time_limit")));
  return limits_;
}

}  // namespace pysandbox::api
