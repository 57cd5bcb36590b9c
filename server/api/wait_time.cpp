#include "api/wait_time.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <string>

#include "http/text.hpp"

namespace pysandbox::api {
namespace {

namespace json = boost::json;
using std::chrono::milliseconds;

[[noreturn]] void refuse(const BodyField& field, std::string_view name, const ApiLimits& limits) {
  throw wrong_field(field.name().empty() ? name : field.name(),
                    fmt::format("must be true, false or a number of seconds from 0 to {}",
                                static_cast<double>(limits.max_wait.count()) / 1000));
}

milliseconds read_named_wait(const BodyField& field, std::string_view name, const ApiLimits& limits) {
  if (const auto flag = field.flag()) return *flag ? std::min(limits.wait, limits.max_wait) : milliseconds(0);
  double seconds = -1;
  try {
    seconds = field.number();
  } catch (const Refusal&) {
    refuse(field, name, limits);
  }
  if (!(seconds >= 0 && seconds * 1000 <= static_cast<double>(limits.max_wait.count()))) refuse(field, name, limits);
  return milliseconds(std::llround(seconds * 1000));
}

// The seconds of "wait=30" among other preferences.
std::optional<std::chrono::seconds> preferred(std::string_view preferences) {
  std::optional<std::chrono::seconds> wait;
  http::for_each_in_list(preferences, [&](std::string_view preference) {
    preference = http::trimmed(preference.substr(0, preference.find(';')));
    const auto equals = preference.find('=');
    if (equals == std::string_view::npos || wait) return;
    if (!http::equal_ignoring_case(http::trimmed(preference.substr(0, equals)), "wait")) return;
    const std::string_view value = http::trimmed(preference.substr(equals + 1));
    std::uint32_t seconds = 0;
    const char* const end = value.data() + value.size();
    const auto [stop, error] = std::from_chars(value.data(), end, seconds);
    if (error == std::errc() && stop == end) wait = std::chrono::seconds(seconds);
  });
  return wait;
}

}  // namespace

milliseconds read_wait(const BodyField& field, const ApiLimits& limits) {
  return read_named_wait(field, "wait", limits);
}

std::optional<milliseconds> wait_of(const http::Request& request, const ApiLimits& limits) {
  if (const auto parameter = request.parameter("wait"); parameter && !parameter->empty()) {
    const json::value value(json::string_view(parameter->data(), parameter->size()));
    return read_named_wait(BodyField(value), "wait", limits);
  }
  if (const auto preferences = request.header("prefer")) {
    if (const auto wait = preferred(*preferences)) return std::min<milliseconds>(*wait, limits.max_wait);
  }
  return std::nullopt;
}

}  // namespace pysandbox::api
