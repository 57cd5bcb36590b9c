#include "container/pool_size.hpp"

#include <algorithm>
#include <cmath>

namespace pysandbox::container {
namespace {

constexpr double memory_seconds = 2;  // of the rate: it follows a change within a few of these
constexpr double weight_of_latest = 0.2;
constexpr double spare = 2;  // arrivals come in clumps, so twice their mean

double faded(double value, std::chrono::duration<double> time) {
  return value * std::exp(-std::max(0.0, time.count()) / memory_seconds);
}

}  // namespace

void PoolSize::note_arrival(Time now) noexcept {
  rate_ = faded(rate_, now - last_arrival_) + 1 / memory_seconds;
  last_arrival_ = now;
  lacking_ = std::min(lacking_ + 1, bounds_.maximum);
  if (lacking_ >= burst(now)) {
    burst_ = lacking_;
    burst_at_ = now;
  }
}

void PoolSize::note_parked(std::uint32_t count, Seconds took) noexcept {
  if (count == 0) return;
  const double each = took.count() / count;
  making_seconds_ += (making_seconds_ == 0 ? 1 : weight_of_latest) * (each - making_seconds_);
  lacking_ -= std::min(lacking_, count);
}

double PoolSize::arrivals_per_second(Time now) const noexcept { return faded(rate_, now - last_arrival_); }

// It is forgotten by halves.
std::uint32_t PoolSize::burst(Time now) const noexcept {
  const auto halvings = (now - burst_at_) / bounds_.idle_time;
  return halvings >= 32 ? 0 : burst_ >> halvings;
}

std::uint32_t PoolSize::wanted(Time now) const noexcept {
  const double meanwhile = std::ceil(arrivals_per_second(now) * making_seconds_ * spare);
  const double needed = std::max<double>(burst(now), meanwhile);
  return static_cast<std::uint32_t>(
      std::clamp<double>(needed, std::min(bounds_.minimum, bounds_.maximum), bounds_.maximum));
}

}  // namespace pysandbox::container
