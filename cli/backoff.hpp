// How long to wait between tries of something that fails: twice as long each time, and not for ever.
#pragma once

#include <algorithm>
#include <chrono>
#include <optional>

namespace pysandbox::cli {

class Backoff {
 public:
  // The time to wait before the next try; nothing if it was tried long enough.
  std::optional<std::chrono::milliseconds> next() {
    if (waited_ >= patience) return std::nullopt;
    const auto wait = next_;
    next_ = std::min(2 * next_, longest);
    waited_ += wait;
    return wait;
  }

  // It worked.
  void reset() { *this = Backoff(); }

  static constexpr std::chrono::milliseconds longest{8'000};
  static constexpr std::chrono::milliseconds patience{180'000};  // a server may be restarted meanwhile

 private:
  std::chrono::milliseconds next_{250};
  std::chrono::milliseconds waited_{0};
};

}  // namespace pysandbox::cli
