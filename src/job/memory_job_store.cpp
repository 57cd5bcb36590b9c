#include <pysandbox/error.hpp>
#include <pysandbox/job_store.hpp>

#include <iterator>
#include <map>
#include <mutex>
#include <set>
#include <type_traits>
#include <unordered_map>
#include <utility>

#include "job/job_log.hpp"
#include "job/job_rules.hpp"
#include "job/listeners.hpp"
#include "support/random_id.hpp"

namespace pysandbox {
namespace {

using Clock = std::chrono::steady_clock;
using Sequence = std::uint64_t;

// Of jobs that something happens to by time alone, the first in front.
using Deadlines = std::set<std::pair<Clock::time_point, Sequence>>;

struct Entry {
  Job job;
  Sequence sequence = 0;
  Clock::time_point added_at = Clock::now();
  std::uint64_t token = 0;
  std::optional<Clock::time_point> lapses_at;  // when its lease or its ttl is over
  std::optional<Clock::time_point> callback_at;
  std::vector<JobEvent> log;  // what is kept of it, see job_log.hpp
  KeptLog kept;
};

class MemoryJobStore final : public JobStore {
 public:
  explicit MemoryJobStore(const JobStoreOptions& options) : options_(options) { check_options(options); }

  Added add(const JobRequest& request, const Submission& submission) override {
    check_request(request);
    check_submission(submission);
    return change([&] { return add_checked(request, submission); });
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
      const bool fits = (!filter.state || job.state == *filter.state) &&
                        (!filter.owner || job.submission.owner == *filter.owner) &&
                        (!filter.outcome || (job.result && job.result->outcome == *filter.outcome));
      if (fits) page.push_back(in_short(job));
    }
    return page;
  }

  std::optional<Claim> claim(std::string_view worker, std::chrono::milliseconds lease) override {
    check_worker(worker);
    check_lease(lease);
    return change([&] {
      settle_lapsed();
      return hand_first_to(worker, lease);
    });
  }

  Heartbeat heartbeat(const Claim& claim, std::chrono::milliseconds lease) override {
    check_lease(lease);
    const std::lock_guard lock(mutex_);
    Entry* entry = entry_held_by(claim);
    if (entry == nullptr) return Heartbeat::lost;
    let_lapse_at(*entry, Clock::now() + lease);
    return entry->job.cancel_requested ? Heartbeat::cancelled : Heartbeat::held;
  }

  bool append_output(const Claim& claim, Stream stream, std::string_view text) override {
    return change([&] {
      Entry* entry = entry_held_by(claim);
      if (entry == nullptr) return false;
      if (text.empty()) return true;
      JobEvent& event = keep_event(*entry, JobEvent::Kind::output);
      event.stream = stream;
      event.text = text;
      (stream == Stream::stdout_stream ? entry->kept.stdout_bytes : entry->kept.stderr_bytes) += text.size();
      return true;
    });
  }

  bool append_progress(const Claim& claim, std::string_view sentence) override {
    return change([&] {
      Entry* entry = entry_held_by(claim);
      if (entry == nullptr) return false;
      if (!sentence.empty()) keep_event(*entry, JobEvent::Kind::progress).text = sentence;
      return true;
    });
  }

  bool finish(const Claim& claim, const RunResult& result) override {
    return change([&] {
      Entry* entry = entry_held_by(claim);
      if (entry == nullptr) return false;
      end(*entry, result);
      return true;
    });
  }

  bool release(const Claim& claim) override {
    return change([&] {
      Entry* entry = entry_held_by(claim);
      if (entry == nullptr) return false;
      if (entry->job.cancel_requested) {
        end(*entry, result_of_cancelled_and_released());
        return true;
      }
      --entry->job.attempt;
      entry->job.worker.clear();
      entry->job.started_at.reset();
      queue_again(*entry);
      return true;
    });
  }

  bool cancel(const JobId& id) override {
    return change([&] {
      Entry* entry = entry_of(id);
      if (entry == nullptr || has_ended(entry->job.state)) return false;
      entry->job.cancel_requested = true;
      changed_.push_back(id);
      if (entry->job.state == JobState::queued) end(*entry, result_of_cancelled_in_queue());
      return true;
    });
  }

  bool remove(const JobId& id) override {
    return change([&] {
      Entry* entry = entry_of(id);
      if (entry == nullptr || !has_ended(entry->job.state)) return false;
      tell_end_at(*entry, std::nullopt);
      keys_.erase({entry->job.submission.owner, entry->job.submission.idempotency_key});
      ended_.erase({entry->job.completed_at.value(), entry->sequence});
      sequences_.erase(id);
      jobs_.erase(entry->sequence);
      changed_.push_back(id);
      return true;
    });
  }

  std::vector<JobEvent> events(const JobId& id, std::uint64_t after, std::size_t limit) override {
    const std::lock_guard lock(mutex_);
    const Entry* entry = entry_of(id);
    std::vector<JobEvent> page;
    if (entry == nullptr || limit == 0) return page;
    if (after < first_kept_number - 1) page.push_back(first_event(entry->job));
    const std::uint64_t seen = after < first_kept_number ? 0 : after - first_kept_number + 1;
    for (std::uint64_t index = seen; index < entry->log.size() && page.size() < limit; ++index) {
      page.push_back(entry->log[index]);
    }
    if (has_ended(entry->job.state)) add_last_events(page, entry->job, entry->kept, after, limit);
    return page;
  }

  std::optional<std::uint64_t> position(const JobId& id) override {
    const std::lock_guard lock(mutex_);
    const Entry* entry = entry_of(id);
    if (entry == nullptr || entry->job.state != JobState::queued) return std::nullopt;
    return static_cast<std::uint64_t>(std::distance(queued_.begin(), queued_.find(place_of(*entry))));
  }

  JobCounts counts() override {
    const std::lock_guard lock(mutex_);
    JobCounts counts;
    counts.queued = queued_.size();
    counts.running = running_;
    for (const auto& place : queued_) {
      const Job::TimePoint at = jobs_.at(place.second).job.created_at;
      if (!counts.oldest_queued_at || at < *counts.oldest_queued_at) counts.oldest_queued_at = at;
    }
    return counts;
  }

  std::vector<JobId> ended_before(std::chrono::seconds age, std::size_t limit) override {
    const auto before = std::chrono::system_clock::now() - bounded_age(age);
    const std::lock_guard lock(mutex_);
    std::vector<JobId> ids;
    for (auto ended = ended_.begin(); ended != ended_.end() && ended->first <= before && ids.size() < limit; ++ended) {
      ids.push_back(jobs_.at(ended->second).job.id);
    }
    return ids;
  }

  std::optional<Job> claim_callback(std::chrono::milliseconds lease) override {
    check_lease(lease);
    const std::lock_guard lock(mutex_);
    const auto now = Clock::now();
    if (callbacks_.empty() || callbacks_.begin()->first > now) return std::nullopt;
    Entry& entry = jobs_.at(callbacks_.begin()->second);
    ++entry.job.callback_attempt;
    tell_end_at(entry, now + lease);
    return entry.job;
  }

  void finish_callback(const JobId& id, CallbackState state, std::chrono::milliseconds retry_in) override {
    check_callback_end(state, retry_in);
    const std::lock_guard lock(mutex_);
    Entry* entry = entry_of(id);
    if (entry == nullptr || !entry->callback_at) return;
    entry->job.callback = state;
    const bool is_over = state != CallbackState::pending;
    tell_end_at(*entry, is_over ? std::nullopt : std::optional(Clock::now() + retry_in));
  }

  std::unique_ptr<JobSubscription> subscribe(JobListener listener) override {
    return listeners_.subscribe(std::move(listener));
  }

 private:
  // Its place in the queue: higher priorities first, then the older ones.
  static std::pair<int, Sequence> place_of(const Entry& entry) {
    return {-entry.job.submission.priority, entry.sequence};
  }

  // Does `move` under the mutex, then tells the listeners without it.
  template <class Move>
  std::invoke_result_t<Move> change(const Move& move) {
    std::vector<JobId> changed;
    auto moved = [&] {
      const std::lock_guard lock(mutex_);
      auto result = move();
      changed.swap(changed_);
      return result;
    }();
    listeners_.call(changed);
    return moved;
  }

  Added add_checked(const JobRequest& request, const Submission& submission) {
    if (const auto earlier = keys_.find({submission.owner, submission.idempotency_key}); earlier != keys_.end()) {
      const Job& first = jobs_.at(earlier->second).job;
      if (!is_same(first, request, submission)) throw refusal_of_other_request(submission);
      return {.id = first.id, .is_new = false};
    }
    const auto active = active_.find(submission.owner);
    if (submission.max_active > 0 && active != active_.end() && active->second >= submission.max_active) {
      throw refusal_of_too_many(submission);
    }
    const Sequence sequence = ++last_sequence_;
    Entry& entry = jobs_[sequence];
    entry.sequence = sequence;
    entry.job.id = random_id();
    entry.job.request = request;
    entry.job.submission = submission;
    entry.job.submission.max_active = 0;
    entry.job.created_at = std::chrono::system_clock::now();
    entry.job.callback = first_callback_state(submission);
    sequences_.emplace(entry.job.id, sequence);
    if (!submission.idempotency_key.empty()) keys_[{submission.owner, submission.idempotency_key}] = sequence;
    ++active_[submission.owner];
    wait_in_queue(entry);
    return {.id = entry.job.id};
  }

  void wait_in_queue(Entry& entry) {
    queued_.insert(place_of(entry));
    const bool may_expire = entry.job.attempt == 0 && entry.job.submission.ttl > std::chrono::seconds::zero();
    let_lapse_at(entry, may_expire ? std::optional(entry.added_at + entry.job.submission.ttl) : std::nullopt);
    changed_.push_back(entry.job.id);
  }

  std::optional<Claim> hand_first_to(std::string_view worker, std::chrono::milliseconds lease) {
    if (queued_.empty()) return std::nullopt;
    Entry& entry = jobs_.at(queued_.begin()->second);
    queued_.erase(queued_.begin());
    entry.job.worker = worker;
    entry.job.started_at = std::chrono::system_clock::now();
    entry.job.state = JobState::running;
    ++running_;
    ++entry.job.attempt;
    ++entry.token;
    entry.kept.stdout_bytes = entry.kept.stderr_bytes = 0;
    let_lapse_at(entry, Clock::now() + lease);
    keep_event(entry, JobEvent::Kind::status);
    return Claim{entry.job, entry.token};
  }

  Entry* entry_of(const JobId& id) {
    const auto found = sequences_.find(id);
    return found == sequences_.end() ? nullptr : &jobs_.at(found->second);
  }

  Entry* entry_held_by(const Claim& claim) {
    Entry* entry = entry_of(claim.job.id);
    const bool is_held = entry != nullptr && entry->job.state == JobState::running && entry->token == claim.token;
    return is_held ? entry : nullptr;
  }

  static void move_deadline(Deadlines& deadlines, std::optional<Clock::time_point>& own, Sequence sequence,
                            std::optional<Clock::time_point> at) {
    if (own) deadlines.erase({*own, sequence});
    own = at;
    if (own) deadlines.emplace(*own, sequence);
  }

  void let_lapse_at(Entry& entry, std::optional<Clock::time_point> at) {
    move_deadline(lapses_, entry.lapses_at, entry.sequence, at);
  }

  void tell_end_at(Entry& entry, std::optional<Clock::time_point> at) {
    move_deadline(callbacks_, entry.callback_at, entry.sequence, at);
  }

  JobEvent& keep_event(Entry& entry, JobEvent::Kind kind) {
    JobEvent event;
    event.number = ++entry.kept.last_number;
    event.at = std::chrono::system_clock::now();
    event.kind = kind;
    event.state = entry.job.state;
    event.attempt = entry.job.attempt;
    changed_.push_back(entry.job.id);
    return entry.log.emplace_back(std::move(event));
  }

  void end(Entry& entry, const RunResult& result) {
    if (entry.job.state == JobState::running) --running_;
    queued_.erase(place_of(entry));
    entry.job.result = result;
    entry.job.state = end_state(result);
    entry.job.completed_at = std::chrono::system_clock::now();
    ended_.emplace(*entry.job.completed_at, entry.sequence);
    let_lapse_at(entry, std::nullopt);
    if (entry.job.callback == CallbackState::pending) tell_end_at(entry, Clock::now());
    const auto active = active_.find(entry.job.submission.owner);
    if (--active->second == 0) active_.erase(active);
    changed_.push_back(entry.job.id);
  }

  void queue_again(Entry& entry) {
    entry.job.state = JobState::queued;
    --running_;
    wait_in_queue(entry);
    keep_event(entry, JobEvent::Kind::status);
  }

  void settle_lapsed() {
    const auto now = Clock::now();
    while (!lapses_.empty() && lapses_.begin()->first <= now) {
      Entry& entry = jobs_.at(lapses_.begin()->second);
      if (entry.job.state == JobState::queued) {
        end(entry, result_of_expired(entry.job.submission.ttl));
        continue;
      }
      switch (after_lapse(entry.job.cancel_requested, entry.job.attempt, options_)) {
        case AfterLapse::queue_again:
          queue_again(entry);
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
  const Listeners listeners_;
  std::mutex mutex_;  // guards all below
  Sequence last_sequence_ = 0;
  std::map<Sequence, Entry> jobs_;
  std::unordered_map<JobId, Sequence> sequences_;
  std::map<std::pair<std::string, std::string>, Sequence> keys_;  // by owner and idempotency key
  std::unordered_map<std::string, std::uint64_t> active_;         // how many of an owner's jobs have not ended
  std::set<std::pair<int, Sequence>> queued_;
  std::uint64_t running_ = 0;
  std::set<std::pair<Job::TimePoint, Sequence>> ended_;
  Deadlines lapses_;
  Deadlines callbacks_;
  std::vector<JobId> changed_;  // in the current change
};

}  // namespace

std::unique_ptr<JobStore> make_memory_job_store(const JobStoreOptions& options) {
  return std::make_unique<MemoryJobStore>(options);
}

}  // namespace pysandbox
