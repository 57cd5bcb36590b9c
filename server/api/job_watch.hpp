// JobWatch tells those who wait for a job that it is worth looking at it again.
#pragma once

#include <memory>

#include <pysandbox/job_store.hpp>

#include "http/application.hpp"

namespace pysandbox::api {

// Threads: any. The store must outlive it; subscriptions may outlive both.
class JobWatch {
 public:
  explicit JobWatch(JobStore& jobs);
  ~JobWatch();

  JobWatch(const JobWatch&) = delete;
  JobWatch& operator=(const JobWatch&) = delete;

  // For those who wait for this job: every change of it calls the wake, until what the Subscribe returned is destroyed
  // (a call that has begun may end later). Whoever looks at the job after subscribing misses nothing.
  http::Subscribe subscription(const JobId& id);

 private:
  class Wakers;
  std::shared_ptr<Wakers> wakers_;
  std::unique_ptr<JobSubscription> listening_;
};

}  // namespace pysandbox::api
