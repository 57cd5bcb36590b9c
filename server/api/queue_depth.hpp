// How long the queue is, known well enough to say that it is full.
#pragma once

#include <chrono>
#include <cstdint>
#include <mutex>

#include <pysandbox/job_store.hpp>

namespace pysandbox::api {

// Asks the store a few times a second at most, and counts what this process adds in between. Threads: any.
class QueueDepth {
 public:
  explicit QueueDepth(JobStore& jobs) : jobs_(jobs) {}

  // Jobs in the queue; it may be a little more than there are.
  std::uint64_t now();

  void count_added();

 private:
  JobStore& jobs_;
  std::mutex mutex_;
  std::chrono::steady_clock::time_point asked_at_{};
  std::uint64_t queued_ = 0;
};

}  // namespace pysandbox::api
