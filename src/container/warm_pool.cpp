#include "container/warm_pool.hpp"

#include <pthread.h>
#include <signal.h>
#include <sys/resource.h>
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
constexpr milliseconds forking_patience{5'000};  // it takes one millisecond
constexpr milliseconds making_patience{2'000};   // of a program; then a new interpreter is sooner
constexpr int idle_times_until_gone = 10;
constexpr std::size_t at_once = 4;        // that build themselves at one time
constexpr std::size_t most_zygotes = 64;  // each holds 10 MB and more, and who uses it may have made up its environment
constexpr std::size_t descriptors_each = 6;  // of this process, for what is parked and for a zygote

std::uint32_t minimum_of(const PoolOptions& options) {
  const std::uint32_t minimum =
      options.minimum != 0 ? options.minimum : 2 * std::max(1u, std::thread::hardware_concurrency());
  return std::min(minimum, options.maximum);
}

// Of the places for jobs and the descriptors of this process, half is left to those that run and to the host.
std::size_t places_of(const NativeRunnerOptions& options) {
  rlimit descriptors{};
  ::getrlimit(RLIMIT_NOFILE, &descriptors);
  return std::min<std::size_t>(options.uid_count / 2, descriptors.rlim_cur / 2 / descriptors_each);
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
      bounds_{minimum_of(options_), options_.maximum, options_.idle_time},
      places_(places_of(parts.options)),
      thread_([this](const std::stop_token& stop) { keep(stop); }) {}

WarmPool::~WarmPool() = default;

std::unique_ptr<ParkedContainer> WarmPool::take(const std::string& environment_directory) {
  std::shared_ptr<Zygote> zygote;
  {
    const std::lock_guard lock(mutex_);
    Environment& environment = wish_for(environment_directory);
    environment.size->note_arrival(environment.used);
    std::unique_ptr<ParkedContainer> found;
    while (!found && !environment.parked.empty()) {
      auto& first = environment.parked.front();
      (first->init->is_alive() ? found : ended_.containers.emplace_back()) = std::move(first);
      environment.parked.pop_front();
    }
    if (!found && environment.zygote && environment.used - environment.zygote->born() < options_.rotate_after * 2 &&
        environment.zygote->reserve(1) == 1) {
      zygote = environment.zygote;
      ++making_now_;
    }
    rouse();
    if (!zygote) return found;
  }
  return make_now(zygote);
}

std::unique_ptr<ParkedContainer> WarmPool::make_now(const std::shared_ptr<Zygote>& zygote) noexcept {
  std::unique_ptr<ParkedContainer> made;
  try {
    made = zygote->finish_parking(zygote->begin_parking(making_patience), making_patience);
    made->was_waiting = false;
  } catch (const std::exception&) {
    // Then a new interpreter runs the program, and says what is wrong if it cannot either.
  }
  const std::lock_guard lock(mutex_);
  if (!made) ++usage_.failures;
  if (zygote->is_spoiled()) drop(zygote);
  --making_now_;
  rouse();
  return made;
}

void WarmPool::drop(const std::shared_ptr<Zygote>& zygote) {
  for (auto& [key, environment] : environments_) {
    if (environment.zygote == zygote) ended_.zygotes.push_back(std::move(environment.zygote));
  }
}

void WarmPool::bury(std::unique_ptr<ParkedContainer> ended) noexcept {
  ended->init->kill();
  const std::lock_guard lock(mutex_);
  ended_.containers.push_back(std::move(ended));
  rouse();
}

void WarmPool::note_start(Start start) noexcept {
  const std::lock_guard lock(mutex_);
  switch (start) {
    case Start::parked:
      ++usage_.parked_starts;
      break;
    case Start::on_demand:
      ++usage_.on_demand_starts;
      break;
    case Start::cold:
      ++usage_.cold_starts;
      break;
    case Start::fresh:
      ++usage_.fresh_starts;
      break;
  }
}

void WarmPool::note_failure() noexcept {
  const std::lock_guard lock(mutex_);
  ++usage_.failures;
}

PoolUsage WarmPool::usage() {
  const std::lock_guard lock(mutex_);
  PoolUsage now = usage_;
  now.options = options_;
  now.options.minimum = bounds_.minimum;
  now.environments = environments_.size();
  for (const auto& [key, one] : environments_) {
    now.zygotes += one.zygote != nullptr;
    now.parked += one.parked.size();
    now.parked_bytes += one.parked.size() * one.bytes_each;
    now.arrivals_per_second += one.size->arrivals_per_second(Clock::now());
  }
  return now;
}

HostFinding WarmPool::finding() {
  std::unique_lock lock(mutex_);
  Environment& environment = wish_for("");
  rouse();
  changed_.wait_for(lock, std::chrono::seconds(5),
                    [&] { return !environment.parked.empty() || !environment.flaw.empty(); });
  if (!environment.flaw.empty()) {
    return {"warm starts", HostFinding::Level::weaker, environment.flaw, "see what it says, or do without a pool"};
  }
  return {"warm starts", HostFinding::Level::pass,
          std::to_string(environment.parked.size()) + " containers are parked, of at least " +
              std::to_string(bounds_.minimum) + " and at most " + std::to_string(bounds_.maximum) +
              " in each environment; all may use " + std::to_string(options_.memory_bytes >> 20) +
              " MiB; a zygote serves for " + std::to_string(options_.rotate_after_programs) + " programs or " +
              std::to_string(options_.rotate_after.count()) + " s",
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
    environment.size.emplace(bounds_);
  }
  return environment;
}

void WarmPool::keep(const std::stop_token& stop) {
  block_signals();
  std::unique_lock lock(mutex_);
  while (!stop.stop_requested()) {
    hear_of_coming();
    shrink(Clock::now());
    if (!ended_.containers.empty() || !ended_.zygotes.empty()) {
      Ended ended = std::exchange(ended_, {});
      lock.unlock();
      ended = {};
      lock.lock();
    }
    if (Environment* worn = next_to_renew(Clock::now())) {
      renew(lock, *worn);
    } else if (Environment* wanting = next_to_fill(Clock::now())) {
      fill(lock, *wanting);
    } else {
      rest(lock, stop);
    }
  }
}

void WarmPool::rest(std::unique_lock<std::mutex>& lock, const std::stop_token& stop) {
  const auto now = Clock::now();
  const std::size_t free = free_places();
  const bool has_work_soon =
      !ended_.containers.empty() || !ended_.zygotes.empty() ||
      std::any_of(environments_.begin(), environments_.end(), [&](const auto& one) {
        if (one.second.coming) return true;
        return lacking(one.second, now) > 0 && one.second.flaw.empty() && (one.second.zygote ? free > 0 : !is_full());
      });
  is_resting_ = !has_work_soon;
  changed_.wait_for(lock, stop, has_work_soon ? quiet_time : look_interval,
                    [&] { return has_work_soon ? false : !is_resting_; });
  is_resting_ = false;
}

// It looks every few milliseconds while there is something to do: then nobody needs to wake it.
void WarmPool::rouse() {
  if (!is_resting_) return;
  is_resting_ = false;
  changed_.notify_all();
}

std::uint32_t WarmPool::lacking(const Environment& environment, Clock::time_point now) const {
  const std::size_t wanted = environment.size->wanted(now);
  return static_cast<std::uint32_t>(wanted - std::min(wanted, environment.parked.size()));
}

// One without a zygote, or whose zygote has served for so long that another one is to be there when its time is over.
WarmPool::Environment* WarmPool::next_to_renew(Clock::time_point now) {
  const std::uint32_t nearly_all = options_.rotate_after_programs - options_.rotate_after_programs / 4;
  const bool full = is_full();
  const auto coming = std::count_if(environments_.begin(), environments_.end(),
                                    [](const auto& one) { return one.second.coming != nullptr; });
  if (coming >= static_cast<std::ptrdiff_t>(at_once)) return nullptr;
  for (auto& [key, one] : environments_) {
    if (now < one.retry_at || one.coming || (!one.zygote && full)) continue;
    if (!one.zygote || one.zygote->children() >= nearly_all || now - one.zygote->born() >= options_.rotate_after) {
      return &one;
    }
  }
  return nullptr;
}

// The one that lacks most. Not while programs wait for containers that they make themselves.
WarmPool::Environment* WarmPool::next_to_fill(Clock::time_point now) {
  Environment* found = nullptr;
  if (making_now_ > 0) return found;
  for (auto& [key, one] : environments_) {
    const std::uint32_t lack = lacking(one, now);
    if (lack == 0 || !one.zygote || now < one.retry_at || room_for(one) == 0) continue;
    if (one.parked.size() > lack && now - one.used < quiet_time) continue;
    if (found == nullptr || lack > lacking(*found, now)) found = &one;
  }
  return found;
}

// How many more the memory budget and the places allow.
std::size_t WarmPool::room_for(const Environment& environment) const {
  std::uint64_t used = 0;
  for (const auto& [key, one] : environments_) used += one.parked.size() * one.bytes_each;
  if (used >= options_.memory_bytes) return 0;
  return std::min<std::size_t>((options_.memory_bytes - used) / environment.bytes_each, free_places());
}

std::size_t WarmPool::zygotes() const {
  return static_cast<std::size_t>(std::count_if(environments_.begin(), environments_.end(), [](const auto& one) {
    return one.second.zygote || one.second.coming;
  }));
}

std::size_t WarmPool::free_places() const {
  std::size_t taken = zygotes() + ended_.containers.size() + ended_.zygotes.size();
  for (const auto& [key, one] : environments_) taken += one.parked.size();
  return places_ - std::min(places_, taken);
}

// One place would be for the zygote, and one for what is forked from it.
bool WarmPool::is_full() const { return zygotes() >= most_zygotes || free_places() < 2; }

bool WarmPool::is_crowded() const {
  return is_full() && std::any_of(environments_.begin(), environments_.end(), [](const auto& one) {
           return !one.second.zygote && !one.second.coming && one.second.flaw.empty();
         });
}

void WarmPool::renew(std::unique_lock<std::mutex>& lock, Environment& environment) {
  std::shared_ptr<Zygote> made;
  std::string failure;
  lock.unlock();
  try {
    made = std::make_shared<Zygote>(parts_, environment.directory);
  } catch (const std::exception& error) {
    failure = error.what();
  }
  lock.lock();
  if (!made) return note_flaw(environment, failure);
  environment.coming = std::move(made);
}

// One that takes long to start keeps nobody else waiting.
void WarmPool::hear_of_coming() {
  for (auto& [key, environment] : environments_) {
    if (!environment.coming) continue;
    try {
      if (!environment.coming->is_ready()) continue;
      ++usage_.zygotes_started;
      std::swap(environment.zygote, environment.coming);
      changed_.notify_all();
    } catch (const std::exception& error) {
      note_flaw(environment, error.what());
    }
    if (environment.coming) ended_.zygotes.push_back(std::move(environment.coming));
  }
}

void WarmPool::fill(std::unique_lock<std::mutex>& lock, Environment& environment) {
  const std::shared_ptr<Zygote> zygote = environment.zygote;
  const std::size_t count = zygote->reserve(static_cast<std::uint32_t>(
      std::min({std::size_t{lacking(environment, Clock::now())}, room_for(environment), at_once})));
  std::deque<std::unique_ptr<ParkedContainer>> parked;
  std::string failure;
  lock.unlock();
  const auto start = Clock::now();
  try {
    std::deque<Zygote::Parking> begun;
    while (begun.size() < count) begun.push_back(zygote->begin_parking(forking_patience));
    for (auto& one : begun) parked.push_back(zygote->finish_parking(std::move(one), building_patience));
  } catch (const std::exception& error) {
    failure = error.what();
  }
  const auto took = Clock::now() - start;
  const Cgroup* cgroup = parked.empty() ? nullptr : parked.back()->place.cgroup.get();
  const std::uint64_t bytes = cgroup == nullptr ? 0 : std::max<std::uint64_t>(cgroup->memory_peak(), 1 << 20);
  lock.lock();
  if (bytes > 0) environment.bytes_each = bytes;
  environment.size->note_parked(static_cast<std::uint32_t>(parked.size()), took);
  for (auto& one : parked) environment.parked.push_back(std::move(one));
  if (lacking(environment, Clock::now()) == 0) environment.size->note_full();
  if (failure.empty()) {
    environment.flaw.clear();
    environment.patience = milliseconds(0);
  } else {
    // One that has served was killed, say, and another one may live.
    const bool has_served = zygote->has_served();
    if (environment.zygote == zygote) ended_.zygotes.push_back(std::move(environment.zygote));
    if (has_served) ++usage_.failures;
    if (!has_served) note_flaw(environment, failure);
  }
  changed_.notify_all();
}

void WarmPool::note_flaw(Environment& environment, const std::string& why) {
  ++usage_.failures;
  environment.flaw = why;
  environment.patience = std::clamp(environment.patience * 2, first_patience, last_patience);
  environment.retry_at = Clock::now() + environment.patience;
  changed_.notify_all();
}

// What is not needed goes, sooner if others need its place; what has waited for too long with its zygote's layout goes
// in any case.
void WarmPool::shrink(Clock::time_point now) {
  const int idle_times = is_crowded() ? 1 : idle_times_until_gone;
  for (auto place = environments_.begin(); place != environments_.end();) {
    Environment& one = place->second;
    const bool is_unused = now - one.used >= options_.idle_time * idle_times;
    const std::size_t wanted = is_unused ? 0 : one.size->wanted(now);
    while (!one.parked.empty() && (one.parked.size() > wanted || !one.parked.front()->init->is_alive() ||
                                   now - one.parked.front()->zygote->born() >= options_.rotate_after * 2)) {
      ended_.containers.push_back(std::move(one.parked.front()));
      one.parked.pop_front();
    }
    for (auto* zygote : {&one.zygote, &one.coming}) {
      if (is_unused && *zygote) ended_.zygotes.push_back(std::move(*zygote));
    }
    place = is_unused ? environments_.erase(place) : std::next(place);
  }
}

}  // namespace pysandbox::container
