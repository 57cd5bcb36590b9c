// The limits of a request's JSON, within the operator's.
#pragma once

#include <set>
#include <string_view>

#include <pysandbox/limits.hpp>

#include "api/api_limits.hpp"
#include "api/body_field.hpp"

namespace pysandbox::api {

class LimitReader {
 public:
  explicit LimitReader(const ApiLimits& limits) : bounds_(limits), limits_(limits.default_limits) {}

  // True if `key` is a limit: a name of limit_fields(), or one of the seed's: timeout, memory (in MiB), cpu.
  static bool knows(std::string_view key);

  // Throws Refusal limit_out_of_range with the range, and for a limit that was given before under its other name.
  void take(std::string_view key, const BodyField& field);

  // With the cpu_time_limit that follows, if none was given.
  Limits take_limits();

 private:
  const ApiLimits& bounds_;
  Limits limits_;
  std::set<std::string_view> given_;
};

}  // namespace pysandbox::api
