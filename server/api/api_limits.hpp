// The operator's bounds on what requests may ask for.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>

#include <pysandbox/limits.hpp>

namespace pysandbox::api {

// The largest value of every limit.
inline Limits largest_limits() {
  Limits limits;
  for (const LimitField& field : limit_fields()) set_limit(limits, field.name, field.maximum);
  return limits;
}

struct ApiLimits {
  std::uint64_t body_bytes = 64ULL << 20;   // of a JSON body
  std::uint64_t upload_bytes = 4ULL << 30;  // of the body of an upload, all parts together

  std::chrono::milliseconds wait{60'000};  // for `"wait": true`
  std::chrono::milliseconds max_wait{300'000};
  std::chrono::milliseconds cancel_wait{
      10'000};  // until a cancelled job has ended; then the answer says that it has not

  std::size_t page = 50;  // jobs in a list
  std::size_t max_page = 200;

  std::uint64_t max_queued = 100'000;  // jobs of all callers

  Limits default_limits{};  // its cpu_time_limit is not used: that follows from time_limit and cpus
  Limits max_limits = largest_limits();

  std::chrono::seconds file_retention{24 * 3600};  // as QueueOptions::file_retention
};

}  // namespace pysandbox::api
