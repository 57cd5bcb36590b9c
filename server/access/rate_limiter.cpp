#include "access/rate_limiter.hpp"

#include <algorithm>
#include <cmath>

namespace pysandbox::server {
namespace {

constexpr std::size_t maximum_buckets = 100'000;  // some 10 MB

double seconds(std::chrono::steady_clock::duration duration) { return std::chrono::duration<double>(duration).count(); }

}  // namespace

double RateLimiter::tokens_at(const Bucket& bucket, std::chrono::steady_clock::time_point now) {
  return std::min(bucket.capacity, bucket.tokens + seconds(now - bucket.filled_at) * bucket.capacity / 60);
}

// Who has a full bucket misses nothing. If nobody has one, all begin anew: memory is bounded whoever asks.
void RateLimiter::forget_some(std::chrono::steady_clock::time_point now) {
  std::erase_if(buckets_, [&](const auto& entry) { return tokens_at(entry.second, now) >= entry.second.capacity; });
  if (buckets_.size() >= maximum_buckets) buckets_.clear();
}

RateLimiter::Verdict RateLimiter::take(const std::string& who, std::uint32_t per_minute) {
  const auto now = clock_();
  const std::lock_guard guard(mutex_);
  if (buckets_.size() >= maximum_buckets && buckets_.count(who) == 0) forget_some(now);
  const double capacity = per_minute;
  Bucket& bucket = buckets_.try_emplace(who, Bucket{capacity, now, capacity}).first->second;
  bucket.capacity = capacity;  // the key's may have changed
  bucket = {tokens_at(bucket, now), now, capacity};
  if (bucket.tokens < 1) {
    const double wait = (1 - bucket.tokens) * 60 / capacity;
    return {false, 0, std::chrono::seconds(std::max(1LL, std::llround(std::ceil(wait))))};
  }
  bucket.tokens -= 1;
  return {true, static_cast<std::uint32_t>(bucket.tokens), {}};
}

}  // namespace pysandbox::server
