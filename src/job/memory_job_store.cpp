#include <pysandbox/error.hpp>
#include <pysandbox/job_store.hpp>

#include <map>
#include <mutex>
#include <set>
#include <unordered_map>
#include <utility>

#include "job/job_rules.hpp"
#include "support/random_id.hpp"

namespace pysandbox {
namespace {

using Clock = std::chrono::steady_clock;
using Sequence = std::uint64_t;

struct Entry {
  Job job;
  std::uint64_t token = 0;
  Clock::time_point lease_until;
};

class MemoryJobStore final : public JobStore {
 public:
  explicit MemoryJobStore(const JobStoreOptions& options) : options_(options) { check_options(options); }

  JobId add(const JobRequest& request) override {
    check_request(request);
    Entry entry;
    entry.job.id = random_id();
    entry.job.request = request;
    entry.job.created_at = std::chrono::system_clock::now();

    const std::lock_guard lock(mutex_);
    const JobId id = entry.job.id;
    const Sequence sequence = ++last_sequence_;
    jobs_.emplace(sequence, std::move(entry));
    sequences_.emplace(id, sequence);
    queued_.insert(sequence);
    return id;
  }

  std::optional<Job> find(const JobId& id) override {
    const std::lock_guard lock(mutex_);
    const Entry* entry = entry_of(id);
    return entry == nullptr ? std::nullopt : std::optional(entry->job);
  }

  std::vector<Job> list(const JobFilter& filter) override {
    const std::lock_guard lock(mutex_);
    auto position = jobs_.rbegin();
    if (!filter.after.empty()) {
      const auto after = sequences_.find(filter.after);
      if (after == sequences_.end()) return {};
      position = std::make_reverse_iterator(jobs_.find(after->second));
    }
    std::vector<Job> page;
    for (; position != jobs_.rend() && page.size() < filter.limit; ++position) {
      const Job& job = position->second.job;
      if (!filter.state || job.state == *filter.state) page.push_back(job);
    }
    return page;
  }

  std::optional<Claim> claim(std::string_view worker, std::chrono::milliseconds lease) override {
    check_lease(lease);
    const std::lock_guard lock(mutex_);
    end_lapsed_claims();
    if (queued_.empty()) return std::nullopt;
    const Sequence sequence = *queued_.begin();
    Entry& entry = jobs_.at(sequence);
    entry.job.worker = worker;
    entry.job.started_at = std::chrono::system_clock::now();
    entry.job.state = JobState::running;
    ++entry.job.attempt;
    ++entry.token;
    queued_.erase(sequence);
    hold(sequence, entry, lease);
    return Claim{entry.job, entry.token};
  }

  Heartbeat heartbeat(const Claim& claim, std::chrono::milliseconds lease) override {
    check_lease(lease);
    const std::lock_guard lock(mutex_);
    Entry* entry = entry_held_by(claim);
    if (entry == nullptr) return Heartbeat::lost;
    const Sequence sequence = sequences_.at(claim.job.id);
    release(sequence, *entry);
    hold(sequence, *entry, lease);
    return entry->job.cancel_requested ? Heartbeat::cancelled : Heartbeat::held;
  }

  bool finish(const Claim& claim, const RunResult& result) override {
    const std::lock_guard lock(mutex_);
    Entry* entry = entry_held_by(claim);
    if (entry == nullptr) return false;
    release(sequences_.at(claim.job.id), *entry);
    end(*entry, result);
    return true;
  }

  bool cancel(const JobId& id) override {
    const std::lock_guard lock(mutex_);
    Entry* entry = entry_of(id);
    if (entry == nullptr || has_ended(entry->job.state)) return false;
    entry->job.cancel_requested = true;
    if (entry->job.state == JobState::queued) {
      queued_.erase(sequences_.at(id));
      end(*entry, result_of_cancelled_in_queue());
    }
    return true;
  }

  bool remove(const JobId& id) override {
    const std::lock_guard lock(mutex_);
    const auto found = sequences_.find(id);
    if (found == sequences_.end() || !has_ended(jobs_.at(found->second).job.state)) return false;
    jobs_.erase(found->second);
    sequences_.erase(found);
    return true;
  }

 private:
  Entry* entry_of(const JobId& id) {
    const auto found = sequences_.find(id);
    return found == sequences_.end() ? nullptr : &jobs_.at(found->second);
  }

  Entry* entry_held_by(const Claim& claim) {
    Entry* entry = entry_of(claim.job.id);
    const bool is_held = entry != nullptr && entry->job.state == JobState::running && entry->token == claim.token;
    return is_held ? entry : nullptr;
  }

  void hold(Sequence sequence, Entry& entry, std::chrono::milliseconds lease) {
    entry.lease_until = Clock::now() + lease;
    leases_.emplace(entry.lease_until, sequence);
  }

  void release(Sequence sequence, const Entry& entry) { leases_.erase({entry.lease_until, sequence}); }

  void end(Entry& entry, const RunResult& result) {
    entry.job.result = result;
    entry.job.state = end_state(result);
    entry.job.completed_at = std::chrono::system_clock::now();
  }

  void end_lapsed_claims() {
    const auto now = Clock::now();
    while (!leases_.empty() && leases_.begin()->first <= now) {
      const Sequence sequence = leases_.begin()->second;
      leases_.erase(leases_.begin());
      Entry& entry = jobs_.at(sequence);
      switch (after_lapse(entry.job.cancel_requested, entry.job.attempt, options_)) {
        case AfterLapse::queue_again:
          entry.job.state = JobState::queued;
          queued_.insert(sequence);
          break;
        case AfterLapse::cancel:
          end(entry, result_of_cancelled_without_worker());
          break;
        case AfterLapse::give_up:
          end(entry, result_of_lost_worker(entry.job.attempt));
          break;
      }
    }
  }

  const JobStoreOptions options_;
  std::mutex mutex_;  // guards all below
  Sequence last_sequence_ = 0;
  std::map<Sequence, Entry> jobs_;
  std::unordered_map<JobId, Sequence> sequences_;
  std::set<Sequence> queued_;
  std::set<std::pair<Clock::time_point, Sequence>> leases_;  // of the running jobs, the first to lapse in front
};

}  // namespace

std::unique_ptr<JobStore> make_memory_job_store(const JobStoreOptions& options) {
  return std::make_unique<MemoryJobStore>(options);
}

}  // namespace pysandbox
