// Wakes a session from any thread, as long as the session listens.
#pragma once

#include <functional>
#include <memory>
#include <mutex>
#include <utility>

#include "http/application.hpp"

namespace pysandbox::http {

class Bell {
 public:
  // `on_ring` is called at the first ring and at the first after each reset(), on the thread that rings.
  explicit Bell(std::function<void()> on_ring) : on_ring_(std::move(on_ring)) {}

  void ring() {
    const std::lock_guard lock(mutex_);
    if (!std::exchange(rung_, true) && on_ring_) on_ring_();
  }

  bool is_rung() {
    const std::lock_guard lock(mutex_);
    return rung_;
  }

  void reset() {
    const std::lock_guard lock(mutex_);
    rung_ = false;
  }

  // From the return on, ring() touches nothing of the session.
  void unplug() {
    const std::lock_guard lock(mutex_);
    on_ring_ = nullptr;
  }

 private:
  std::mutex mutex_;
  std::function<void()> on_ring_;
  bool rung_ = false;
};

// Keeps the bell no longer than the session does.
inline Wake wake_of(const std::shared_ptr<Bell>& bell) {
  return [weak = std::weak_ptr(bell)] {
    if (const auto alive = weak.lock()) alive->ring();
  };
}

}  // namespace pysandbox::http
