// How many containers should be parked in an environment: the rule alone, without clock, thread or kernel.
//
// Two things ask for parked ones: programs that come at a rate, of which some come while a container is being made
// (Little's law), and programs that come at once, for which as many must be there.
#pragma once

#include <chrono>
#include <cstdint>

namespace pysandbox::container {

struct PoolBounds {
  std::uint32_t minimum = 0;
  std::uint32_t maximum = 0;
  std::chrono::milliseconds idle_time{30'000};  // without need after which half of what is over the minimum will do
};

class PoolSize {
 public:
  using Time = std::chrono::steady_clock::time_point;
  using Seconds = std::chrono::duration<double>;

  explicit PoolSize(const PoolBounds& bounds) noexcept : bounds_(bounds) {}

  // A program asks for a container, whether it gets one or not.
  void note_arrival(Time now) noexcept;

  // So many were parked, in so long; and then whether that are all.
  void note_parked(std::uint32_t count, Seconds took) noexcept;
  void note_full() noexcept { lacking_ = 0; }

  std::uint32_t wanted(Time now) const noexcept;
  double arrivals_per_second(Time now) const noexcept;

 private:
  std::uint32_t burst(Time now) const noexcept;

  PoolBounds bounds_;
  double rate_ = 0;  // at `last_arrival_`
  Time last_arrival_{};
  double making_seconds_ = 0;
  std::uint32_t lacking_ = 0;  // asked for and not made again since all were there
  std::uint32_t burst_ = 0;    // the most of that
  Time burst_at_{};
};

}  // namespace pysandbox::container
