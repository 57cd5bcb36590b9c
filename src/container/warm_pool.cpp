#include "container/warm_pool.hpp"

#include <pthread.h>
#include <signal.h>
#include <sys/stat.h>

#include <algorithm>

#include <pysandbox/error.hpp>

namespace pysandbox::container {
namespace {

using std::chrono::milliseconds;

constexpr milliseconds look_interval{1'000};
constexpr milliseconds quiet_time{5};  // after a take: who took one needs the processors more, while there are others
constexpr milliseconds first_patience{1'000};  // after a failure; doubled with each
constexpr milliseconds last_patience{60'000};
constexpr int idle_times_until_gone = 10;
constexpr std::size_t at_once = 4;  // that build themselves at one time

std::uint32_t minimum_of(const PoolOptions& options) {
  const std::uint32_t minimum =
      options.minimum != 0 ? options.minimum : 2 * std::max(1u, std::thread::hardware_concurrency());
  return std::min(minimum, options.maximum);
}

// A directory that was made anew under the same name is another environment.
std::string key_of(const std::string& directory) {
  struct stat status {};
  if (directory.empty() || ::stat(directory.c_str(), &status) != 0) return directory;
  return directory + '\0' + std::to_string(status.st_dev) + ' ' + std::to_string(status.st_ino) + ' ' +
         std::to_string(status.st_ctim.tv_sec) + ' ' + std::to_string(status.st_ctim.tv_nsec);
}

// A signal to the host is for its own threads.
void block_signals() {
  sigset_t all;
  ::sigfillset(&all);
  ::pthread_sigmask(SIG_SETMASK, &all, nullptr);
}

}  // namespace

WarmPool::WarmPool(const ZygoteParts& parts)
    : parts_(parts),
      options_(parts.options.pool),
      minimum_(minimum_of(options_)),
      thread_([this](const std::stop_token& stop) { keep(stop); }) {}

WarmPool::~WarmPool() = default;

std::unique_ptr<ParkedContainer> WarmPool::take(const std::string& environment_directory) {
  std::deque<std::unique_ptr<ParkedContainer>> dead;  // buried without the lock
  const std::lock_guard lock(mutex_);
  Environment& environment = wish_for(environment_directory);
  std::unique_ptr<ParkedContainer> found;
  while (!found && !environment.parked.empty()) {
    if (environment.parked.front()->init->is_alive()) {
      found = std::move(environment.parked.front());
    } else {
      dead.push_back(std::move(environment.parked.front()));
    }
    environment.parked.pop_front();
  }
  if (!found) ++environment.misses;
  changed_.notify_all();
  return found;
}

void WarmPool::bury(std::unique_ptr<ParkedContainer> ended) noexcept {
  ended->init->kill();
  const std::lock_guard lock(mutex_);
  ended_.push_back(std::move(ended));
}

HostFinding WarmPool::finding() {
  std::unique_lock lock(mutex_);
  Environment& environment = wish_for("");
  changed_.notify_all();
  changed_.wait_for(lock, std::chrono::seconds(5),
                    [&] { return !environment.parked.empty() || !environment.flaw.empty(); });
  if (!environment.flaw.empty()) {
    return {"warm starts", HostFinding::Level::weaker, environment.flaw, "see what it says, or do without a pool"};
  }
  return {"warm starts", HostFinding::Level::pass, std::to_string(environment.parked.size()) + " containers are parked",
          ""};
}

std::size_t WarmPool::parked(const std::string& environment_directory) {
  const std::lock_guard lock(mutex_);
  const auto found = environments_.find(key_of(environment_directory));
  return found == environments_.end() ? 0 : found->second.parked.size();
}

WarmPool::Environment& WarmPool::wish_for(const std::string& directory) {
  const auto [place, is_new] = environments_.try_emplace(key_of(directory));
  Environment& environment = place->second;
  environment.used = Clock::now();
  if (is_new) {
    environment.directory = directory;
    environment.wanted = minimum_;
    environment.looked = environment.used;
  }
  return environment;
}

void WarmPool::keep(const std::stop_token& stop) {
  block_signals();
  std::unique_lock lock(mutex_);
  while (!stop.stop_requested()) {
    std::deque<std::unique_ptr<ParkedContainer>> surplus = std::move(ended_);
    ended_.clear();
    shrink(Clock::now(), surplus);
    if (!surplus.empty()) {
      lock.unlock();
      surplus.clear();
      lock.lock();
    }
    if (Environment* environment = next_to_fill(Clock::now())) {
      fill(lock, *environment);
    } else {
      const bool is_lacking =
          !ended_.empty() || std::any_of(environments_.begin(), environments_.end(), [](const auto& one) {
            return one.second.parked.size() < one.second.wanted && one.second.flaw.empty();
          });
      changed_.wait_for(lock, stop, is_lacking ? quiet_time : look_interval,
                        [&] { return next_to_fill(Clock::now()) != nullptr; });
    }
  }
}

// The one that lacks most.
WarmPool::Environment* WarmPool::next_to_fill(Clock::time_point now) {
  Environment* found = nullptr;
  const auto lacks = [](const Environment& one) { return one.wanted - one.parked.size(); };
  for (auto& [key, one] : environments_) {
    if (one.misses > 0) {
      one.wanted = std::min(options_.maximum, one.wanted * 2);
      one.misses = 0;
      one.looked = now;
    }
    if (one.parked.size() >= one.wanted || now < one.retry_at || room_for(one) == 0) continue;
    if (one.parked.size() * 2 > one.wanted && now - one.used < quiet_time) continue;
    if (found == nullptr || lacks(one) > lacks(*found)) found = &one;
  }
  return found;
}

// How many more the memory budget allows.
std::size_t WarmPool::room_for(const Environment& environment) const {
  std::uint64_t used = 0;
  for (const auto& [key, one] : environments_) used += one.parked.size() * one.bytes_each;
  return used >= options_.memory_bytes ? 0 : (options_.memory_bytes - used) / environment.bytes_each;
}

void WarmPool::fill(std::unique_lock<std::mutex>& lock, Environment& environment) {
  const bool had_zygote = environment.zygote != nullptr;
  const std::size_t count = std::min({environment.wanted - environment.parked.size(), room_for(environment), at_once});
  std::string failure;
  std::deque<std::unique_ptr<ParkedContainer>> parked;
  lock.unlock();
  try {
    park(environment, count, parked);
  } catch (const std::exception& error) {
    environment.zygote.reset();
    failure = error.what();
  }
  lock.lock();
  for (auto& one : parked) environment.parked.push_back(std::move(one));
  if (failure.empty()) {
    environment.flaw.clear();
    environment.patience = milliseconds(0);
  } else if (!had_zygote) {  // else it was killed, say, and another one may live
    note_failure(environment, failure);
  }
  changed_.notify_all();
}

void WarmPool::park(Environment& environment, std::size_t count, std::deque<std::unique_ptr<ParkedContainer>>& parked) {
  auto& zygote = environment.zygote;
  if (!zygote || zygote->children() >= options_.rotate_after_programs ||
      Clock::now() - zygote->born() >= options_.rotate_after) {
    zygote = std::make_shared<Zygote>(parts_, environment.directory);
  }
  count = std::min<std::size_t>(count, options_.rotate_after_programs - zygote->children());
  std::deque<Zygote::Parking> begun;
  while (begun.size() < count) begun.push_back(zygote->begin_parking());
  for (auto& one : begun) parked.push_back(zygote->finish_parking(std::move(one)));
  const Cgroup* cgroup = parked.back()->place.cgroup.get();
  if (cgroup != nullptr) environment.bytes_each = std::max<std::uint64_t>(cgroup->memory_peak(), 1 << 20);
}

void WarmPool::note_failure(Environment& environment, const std::string& why) {
  environment.flaw = why;
  environment.patience = std::clamp(environment.patience * 2, first_patience, last_patience);
  environment.retry_at = Clock::now() + environment.patience;
}

// What is not needed goes by halves; what has waited for too long with its zygote's layout goes in any case.
void WarmPool::shrink(Clock::time_point now, std::deque<std::unique_ptr<ParkedContainer>>& surplus) {
  for (auto place = environments_.begin(); place != environments_.end();) {
    Environment& one = place->second;
    if (now - one.looked >= options_.idle_time) {
      one.wanted = std::max(minimum_, one.wanted / 2);
      one.looked = now;
    }
    const bool is_unused = now - one.used >= options_.idle_time * idle_times_until_gone;
    if (is_unused) one.wanted = 0;
    while (!one.parked.empty() && (one.parked.size() > one.wanted || !one.parked.front()->init->is_alive() ||
                                   now - one.parked.front()->zygote->born() >= options_.rotate_after * 2)) {
      surplus.push_back(std::move(one.parked.front()));
      one.parked.pop_front();
    }
    place = is_unused ? environments_.erase(place) : std::next(place);
  }
}

}  // namespace pysandbox::container
