// Whether a client keeps up: in each window of time that we spent waiting for it, at least so many bytes must move.
#pragma once

#include <chrono>
#include <cstdint>

namespace pysandbox::http {

class Pace {
 public:
  using Duration = std::chrono::steady_clock::duration;

  // `total`: how many bytes had moved before.
  Pace(std::chrono::milliseconds window, std::uint64_t min_bytes_per_second, std::uint64_t total)
      : window_(window), left_(window), total_(total) {
    needed_ = min_bytes_per_second * static_cast<std::uint64_t>(window.count()) / 1000;
    if (needed_ == 0) needed_ = 1;
  }

  // Of this window.
  Duration left() const noexcept { return left_; }

  void waited(Duration time) noexcept { left_ -= time; }
  bool window_is_over() const noexcept { return left_ <= Duration::zero(); }

  // False if too little moved in the window that is over.
  bool begin_next(std::uint64_t total) noexcept {
    const bool fast_enough = total - total_ >= needed_;
    total_ = total;
    left_ = window_;
    return fast_enough;
  }

 private:
  Duration window_;
  Duration left_;
  std::uint64_t needed_;
  std::uint64_t total_;
};

}  // namespace pysandbox::http
