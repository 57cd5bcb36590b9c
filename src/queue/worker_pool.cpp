#include "worker_pool.hpp"

#include <unistd.h>

#include <algorithm>
#include <array>
#include <utility>

#include <pysandbox/error.hpp>

#include "file/artifacts.hpp"
#include "support/failpoint.hpp"

namespace pysandbox {
namespace {

// Behind the store's notices: claims of dead workers lapse without one.
constexpr std::chrono::seconds poll{1};

constexpr std::chrono::milliseconds first_pause{100};
constexpr std::chrono::milliseconds longest_pause{5'000};

std::string name_of_this_process() {
  std::array<char, 256> host{};
  ::gethostname(host.data(), host.size() - 1);
  return std::string(host.data()) + ":" + std::to_string(::getpid());
}

QueueOptions with_defaults(QueueOptions options) {
  if (options.workers == 0) options.workers = std::max(1U, std::thread::hardware_concurrency());
  if (options.worker.empty()) options.worker = name_of_this_process();
  return options;
}

// Whether `error` is about what was asked for, and not about this host.
bool is_about_request(const std::exception& error) {
  const auto* own = dynamic_cast<const Error*>(&error);
  if (own == nullptr) return false;
  switch (own->code()) {
    case ErrorCode::invalid_request:
    case ErrorCode::not_found:
    case ErrorCode::too_large:
      return true;
    default:
      return false;
  }
}

// Results are for strangers, whom the paths and troubles of this host do not concern: its operator is told of those.
RunResult result_of_our_failure(const std::exception& error) {
  RunResult result;
  result.outcome = Outcome::internal_error;
  result.warnings.emplace_back(
      is_about_request(error) ? error.what()
                              : "The job could not be run; its operator finds why in the log, under the job's id.");
  return result;
}

bool is_retryable(const std::exception& error) {
  const auto* own = dynamic_cast<const Error*>(&error);
  return own != nullptr && own->retryable();
}

}  // namespace

WorkerPool::WorkerPool(JobStore& store, FileStore* files, Worker& worker, const QueueOptions& options)
    : store_(store),
      files_(files),
      worker_(worker),
      options_(with_defaults(options)),
      keeper_(store, options_.lease, [this](const std::string& sentence) { tell_trouble(sentence); }),
      subscription_(store.subscribe([this](const JobId& id) { hear(id); })) {
  for (unsigned count = 0; count < options_.workers; ++count) threads_.emplace_back([this] { work(); });
}

WorkerPool::~WorkerPool() { drain(std::chrono::milliseconds::zero()); }

void WorkerPool::drain(std::chrono::milliseconds patience) {
  {
    std::unique_lock lock(mutex_);
    is_closing_ = true;
    changed_.notify_all();
    changed_.wait_for(lock, patience, [this] { return busy_ == 0; });
    is_impatient_ = true;
    changed_.notify_all();
  }
  keeper_.interrupt_all();
  for (auto& thread : threads_) {
    if (thread.joinable()) thread.join();
  }
}

void WorkerPool::hear(const JobId& id) {
  keeper_.look_at(id);
  const std::lock_guard lock(mutex_);
  ++changes_;
  changed_.notify_one();
}

void WorkerPool::work() {
  std::unique_lock lock(mutex_);
  while (!is_closing_) {
    const std::uint64_t seen = changes_;
    ++busy_;
    lock.unlock();
    const bool found = work_once();
    lock.lock();
    --busy_;
    if (is_closing_) changed_.notify_all();
    if (!found) changed_.wait_for(lock, poll, [&] { return is_closing_ || changes_ != seen; });
  }
}

// False if no job waits.
bool WorkerPool::work_once() {
  const auto begun_at = keeper_.begin_claim();
  auto claim = claim_next();
  std::shared_ptr<HeldJob> held;
  if (claim) {
    failpoint("after_claim");
    held = std::make_shared<HeldJob>(*std::move(claim));
    keeper_.hold(held);
  }
  keeper_.end_claim(begun_at);
  if (held) attend(held);
  return held != nullptr;
}

std::optional<Claim> WorkerPool::claim_next() {
  try {
    return store_.claim(options_.worker, options_.lease);
  } catch (const std::exception& error) {
    tell_trouble(std::string("claiming a job: ") + error.what());
    std::unique_lock lock(mutex_);
    changed_.wait_for(lock, poll, [this] { return is_closing_; });
    return std::nullopt;
  }
}

void WorkerPool::attend(const std::shared_ptr<HeldJob>& held) {
  tell(SandboxEvent::Kind::started, held->job());
  const std::optional<RunResult> result = run(*held);
  keeper_.close_output(*held);
  if (!result) {
    try_again_later(*held);
  } else if (held->lost()) {
    remove_artifacts(*result, files_);
    tell(SandboxEvent::Kind::lost, held->job());
  } else if (held->interrupted() && !held->cancelled() && result->outcome == Outcome::cancelled) {
    remove_artifacts(*result, files_);
    bring_back(*held);
  } else {
    finish(*held, *result);
  }
  keeper_.release(*held);
}

// Nothing if it failed for something that may be available in another attempt.
std::optional<RunResult> WorkerPool::run(HeldJob& held) {
  try {
    return process(held);
  } catch (const std::exception& error) {
    tell_trouble("running the job " + held.job().id + ": " + error.what());
    if (is_retryable(error) && held.job().attempt < options_.max_attempts) return std::nullopt;
    return result_of_our_failure(error);
  }
}

RunResult WorkerPool::process(HeldJob& held) {
  const OutputSink sink = [&](Stream stream, std::string_view text) { held.output().add(stream, text); };
  const EnvironmentProgress progress = [&](std::string_view sentence) { log_progress(held, sentence); };
  return worker_.process(held.job().request, {sink, progress, held.stop(), held.job().submission.owner});
}

// Rare and wanted at once, so it does not wait as output does. A sentence that the store cannot take now is not worth
// a job.
void WorkerPool::log_progress(HeldJob& held, std::string_view sentence) {
  try {
    if (!store_.append_progress(held.claim(), sentence)) held.lose();
  } catch (const std::exception& error) {
    tell_trouble("keeping the log of the job " + held.job().id + ": " + error.what());
  }
}

// The lease is left to lapse, so that the attempt counts; the pause keeps a broken disk from using them up at once.
void WorkerPool::try_again_later(const HeldJob& held) {
  pause(held, first_pause * (1 << std::min(held.job().attempt, 5U)));
  until_available(
      held, [&] { return store_.heartbeat(held.claim(), std::chrono::milliseconds(1)) != JobStore::Heartbeat::lost; });
  tell(SandboxEvent::Kind::released, held.job());
}

void WorkerPool::bring_back(const HeldJob& held) {
  failpoint("before_release");
  const auto released = until_available(held, [&] { return store_.release(held.claim()); });
  failpoint("after_release");
  if (released.has_value()) tell(*released ? SandboxEvent::Kind::released : SandboxEvent::Kind::lost, held.job());
}

void WorkerPool::finish(const HeldJob& held, const RunResult& result) {
  failpoint("before_finish");
  const auto finished =
      until_available(held, [&] { return store_.finish(held.claim(), result) || has_ended_with(held, result); });
  failpoint("after_finish");
  if (finished == true) {
    Job ended = held.job();
    ended.state = result.outcome == Outcome::ok ? JobState::completed : JobState::failed;
    ended.completed_at = std::chrono::system_clock::now();
    ended.result = result;
    return tell(SandboxEvent::Kind::ended, ended);
  }
  // Without an answer the store may have it or not; then the files stay until retention takes them.
  if (finished == false) remove_artifacts(result, files_);
  tell(SandboxEvent::Kind::lost, held.job());
}

// A commit whose answer was lost is done: the next try finds no claim, and yet the job has this result and its files.
bool WorkerPool::has_ended_with(const HeldJob& held, const RunResult& result) {
  const auto job = store_.find(held.job().id);
  return job && job->result && job->worker == held.job().worker && job->attempt == held.job().attempt &&
         job->result->artifacts == result.artifacts;
}

// The answer of `call`, asked again while the store is unavailable; nothing if this process ends before, or it fails
// otherwise.
template <class Call>
std::optional<bool> WorkerPool::until_available(const HeldJob& held, const Call& call) {
  for (auto time = first_pause;; time = std::min(2 * time, longest_pause)) {
    try {
      return call();
    } catch (const std::exception& error) {
      tell_trouble("bringing the job " + held.job().id + " to its end: " + error.what());
      if (!is_retryable(error)) return std::nullopt;
    }
    std::unique_lock lock(mutex_);
    if (changed_.wait_for(lock, time, [this] { return is_impatient_; })) return std::nullopt;
  }
}

// Shorter if the job is to end before.
void WorkerPool::pause(const HeldJob& held, std::chrono::milliseconds time) {
  std::mutex mutex;
  std::condition_variable_any stopped;
  std::unique_lock lock(mutex);
  const std::stop_token stop = held.stop();
  stopped.wait_for(lock, stop, time, [] { return false; });
}

void WorkerPool::tell(SandboxEvent::Kind kind, const Job& job) const {
  if (options_.on_event) options_.on_event({.kind = kind, .job = &job});
}

void WorkerPool::tell_trouble(const std::string& sentence) const {
  if (options_.on_event) options_.on_event({.kind = SandboxEvent::Kind::trouble, .sentence = sentence});
}

}  // namespace pysandbox
