// So many requests a minute, for each of many: token buckets.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <mutex>
#include <string>
#include <unordered_map>

namespace pysandbox::server {

// Threads: take() may be called from any.
class RateLimiter {
 public:
  using Clock = std::function<std::chrono::steady_clock::time_point()>;

  explicit RateLimiter(Clock clock = std::chrono::steady_clock::now) : clock_(std::move(clock)) {}

  struct Verdict {
    bool allowed = true;
    std::uint32_t remaining = 0;          // requests that would be allowed right now
    std::chrono::seconds retry_after{0};  // until the next one is, rounded up; zero if it is allowed
  };

  // One more request of `who`. A minute's worth may come at once, then they are allowed at the even rate.
  Verdict take(const std::string& who, std::uint32_t per_minute);

 private:
  struct Bucket {
    double tokens;
    std::chrono::steady_clock::time_point filled_at;
    double capacity;
  };

  static double tokens_at(const Bucket& bucket, std::chrono::steady_clock::time_point now);
  void forget_some(std::chrono::steady_clock::time_point now);

  Clock clock_;
  std::mutex mutex_;
  std::unordered_map<std::string, Bucket> buckets_;
};

}  // namespace pysandbox::server
