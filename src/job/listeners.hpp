// Listeners: whom a store tells that a job has changed.
#pragma once

#include <memory>

#include <pysandbox/job_store.hpp>

namespace pysandbox {

class Listeners {
 public:
  Listeners();
  ~Listeners();

  // The subscription may outlive this object.
  std::unique_ptr<JobSubscription> subscribe(JobListener listener) const;

  // Calls every listener, in this thread. An empty id: anything may have changed.
  void call(const JobId& id) const;
  void call(const std::vector<JobId>& ids) const;

 private:
  class Subscription;
  struct Shared;

  std::shared_ptr<Shared> shared_;
};

}  // namespace pysandbox
