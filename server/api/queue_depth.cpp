#include "api/queue_depth.hpp"

namespace pysandbox::api {

std::uint64_t QueueDepth::now() {
  constexpr std::chrono::milliseconds good_for{250};
  const auto time = std::chrono::steady_clock::now();
  const std::lock_guard lock(mutex_);
  if (time - asked_at_ >= good_for) {
    queued_ = jobs_.counts().queued;
    asked_at_ = time;
  }
  return queued_;
}

void QueueDepth::count_added() {
  const std::lock_guard lock(mutex_);
  ++queued_;
}

}  // namespace pysandbox::api
