#include "api/job_watch.hpp"

#include <map>
#include <mutex>
#include <utility>
#include <vector>

namespace pysandbox::api {

class JobWatch::Wakers {
 public:
  using Entry = std::shared_ptr<http::Wake>;
  using Map = std::multimap<JobId, Entry>;

  Map::iterator add(const JobId& id, http::Wake wake) {
    auto entry = std::make_shared<http::Wake>(std::move(wake));
    const std::lock_guard lock(mutex_);
    return map_.emplace(id, std::move(entry));
  }

  void remove(Map::iterator place) {
    Entry last;  // destroyed without the lock: what a wake holds is not ours
    const std::lock_guard lock(mutex_);
    last = std::move(place->second);
    map_.erase(place);
  }

  // Wakes are called without the lock, so that they may subscribe and leave.
  void call(const JobId& id) {
    for (const Entry& entry : entries_of(id)) (*entry)();
  }

 private:
  std::vector<Entry> entries_of(const JobId& id) {
    std::vector<Entry> entries;
    const std::lock_guard lock(mutex_);
    const auto [first, last] = id.empty() ? std::pair(map_.begin(), map_.end()) : map_.equal_range(id);
    for (auto place = first; place != last; ++place) entries.push_back(place->second);
    return entries;
  }

  std::mutex mutex_;
  Map map_;
};

JobWatch::JobWatch(JobStore& jobs) : wakers_(std::make_shared<Wakers>()) {
  listening_ = jobs.subscribe([wakers = wakers_](const JobId& id) { wakers->call(id); });
}

JobWatch::~JobWatch() = default;

http::Subscribe JobWatch::subscription(const JobId& id) {
  return [wakers = wakers_, id](http::Wake wake) -> std::shared_ptr<void> {
    const auto place = wakers->add(id, std::move(wake));
    return {nullptr, [wakers, place](std::nullptr_t) { wakers->remove(place); }};
  };
}

}  // namespace pysandbox::api
