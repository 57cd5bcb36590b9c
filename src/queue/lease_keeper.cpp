#include "lease_keeper.hpp"

#include <algorithm>

#include <pysandbox/error.hpp>

namespace pysandbox {
namespace {

// How long output waits before it goes to the log. A shorter job brings its output with its end, in one write.
constexpr std::chrono::milliseconds output_delay{50};

}  // namespace

LeaseKeeper::LeaseKeeper(JobStore& store, std::chrono::milliseconds lease, Trouble trouble)
    : store_(store),
      lease_(lease),
      trouble_(std::move(trouble)),
      thread_([this](const std::stop_token& stop) { run(stop); }) {}

std::uint64_t LeaseKeeper::begin_claim() {
  const std::lock_guard lock(mutex_);
  return *claims_.insert(forgotten_ + heard_.size());
}

void LeaseKeeper::end_claim(std::uint64_t begun_at) {
  const std::lock_guard lock(mutex_);
  claims_.erase(claims_.find(begun_at));
  const std::uint64_t first = claims_.empty() ? forgotten_ + heard_.size() : *claims_.begin();
  for (; forgotten_ < first; ++forgotten_) heard_.pop_front();
}

void LeaseKeeper::hold(const std::shared_ptr<HeldJob>& job) {
  auto entry = std::make_shared<Entry>();
  entry->job = job;
  entry->next_heartbeat = Clock::now() + lease_ / 3;
  const std::lock_guard lock(mutex_);
  if (is_interrupting_) job->interrupt();
  // Once is the claim itself. More may be that it is to be cancelled.
  if (std::count(heard_.begin(), heard_.end(), job->job().id) > 1) wishes_.push_back(job->job().id);
  entries_.push_back(std::move(entry));
  changed_.notify_all();
}

void LeaseKeeper::close_output(const HeldJob& job) {
  if (const EntryPointer entry = entry_of(job)) {
    const std::lock_guard lock(entry->mutex);
    entry->is_output_open = false;
  }
}

void LeaseKeeper::release(const HeldJob& job) {
  const EntryPointer entry = entry_of(job);
  if (!entry) return;
  {
    const std::lock_guard lock(mutex_);
    std::erase(entries_, entry);
  }
  const std::lock_guard lock(entry->mutex);
  entry->is_held = false;
}

void LeaseKeeper::interrupt_all() {
  const std::lock_guard lock(mutex_);
  is_interrupting_ = true;
  for (const EntryPointer& entry : entries_) entry->job->interrupt();
}

void LeaseKeeper::look_at(const JobId& id) {
  const std::lock_guard lock(mutex_);
  if (!claims_.empty()) heard_.push_back(id);
  const bool is_ours = std::any_of(entries_.begin(), entries_.end(),
                                   [&](const EntryPointer& entry) { return id.empty() || entry->job->job().id == id; });
  if (!is_ours) return;
  wishes_.push_back(id);
  changed_.notify_all();
}

LeaseKeeper::EntryPointer LeaseKeeper::entry_of(const HeldJob& job) {
  const std::lock_guard lock(mutex_);
  const auto found = std::find_if(entries_.begin(), entries_.end(),
                                  [&](const EntryPointer& entry) { return entry->job.get() == &job; });
  return found == entries_.end() ? nullptr : *found;
}

std::vector<LeaseKeeper::EntryPointer> LeaseKeeper::entries() {
  const std::lock_guard lock(mutex_);
  return entries_;
}

void LeaseKeeper::run(const std::stop_token& stop) {
  while (!stop.stop_requested()) {
    const std::vector<JobId> wishes = wait_for_wishes(stop);
    for (const EntryPointer& entry : entries()) {
      const bool is_wished = std::any_of(wishes.begin(), wishes.end(),
                                         [&](const JobId& id) { return id.empty() || id == entry->job->job().id; });
      attend(*entry, is_wished);
    }
  }
}

std::vector<JobId> LeaseKeeper::wait_for_wishes(const std::stop_token& stop) {
  std::unique_lock lock(mutex_);
  changed_.wait(lock, stop, [this] { return !entries_.empty(); });
  changed_.wait_for(lock, stop, std::min(output_delay, lease_ / 6), [this] { return !wishes_.empty(); });
  return std::exchange(wishes_, {});
}

void LeaseKeeper::attend(Entry& entry, bool is_wished) {
  const std::lock_guard lock(entry.mutex);
  if (!entry.is_held || entry.job->lost()) return;
  try {
    if (is_wished || Clock::now() >= entry.next_heartbeat) {
      beat(entry);
    } else if (entry.is_store_away) {
      return;
    }
    entry.is_store_away = false;
    if (entry.is_output_open && !entry.job->output().flush(store_, entry.job->claim())) entry.job->lose();
  } catch (const std::exception& error) {
    // Whether the job is still ours, the store says when it is back.
    entry.is_store_away = true;
    entry.next_heartbeat = Clock::now() + std::min<std::chrono::milliseconds>(lease_ / 6, std::chrono::seconds(1));
    trouble_(std::string("keeping a job's lease or log: ") + error.what());
  }
}

void LeaseKeeper::beat(Entry& entry) {
  switch (store_.heartbeat(entry.job->claim(), lease_)) {
    case JobStore::Heartbeat::held:
      break;
    case JobStore::Heartbeat::cancelled:
      entry.job->cancel();
      break;
    case JobStore::Heartbeat::lost:
      entry.job->lose();
      break;
  }
  entry.next_heartbeat = Clock::now() + lease_ / 3;
}

}  // namespace pysandbox
