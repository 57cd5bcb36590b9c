#include "job/listeners.hpp"

#include <list>
#include <mutex>
#include <utility>

namespace pysandbox {

// Listeners are called under the mutex, so that none is called any more once it has been taken out.
struct Listeners::Shared {
  std::mutex mutex;
  std::list<JobListener> listeners;
};

class Listeners::Subscription final : public JobSubscription {
 public:
  Subscription(std::shared_ptr<Shared> shared, JobListener listener) : shared_(std::move(shared)) {
    const std::lock_guard lock(shared_->mutex);
    place_ = shared_->listeners.insert(shared_->listeners.end(), std::move(listener));
  }

  ~Subscription() override {
    const std::lock_guard lock(shared_->mutex);
    shared_->listeners.erase(place_);
  }

 private:
  std::shared_ptr<Shared> shared_;
  std::list<JobListener>::iterator place_;
};

Listeners::Listeners() : shared_(std::make_shared<Shared>()) {}

Listeners::~Listeners() = default;

std::unique_ptr<JobSubscription> Listeners::subscribe(JobListener listener) const {
  return std::make_unique<Subscription>(shared_, std::move(listener));
}

void Listeners::call(const JobId& id) const {
  const std::lock_guard lock(shared_->mutex);
  for (const JobListener& listener : shared_->listeners) listener(id);
}

void Listeners::call(const std::vector<JobId>& ids) const {
  for (const JobId& id : ids) call(id);
}

}  // namespace pysandbox
