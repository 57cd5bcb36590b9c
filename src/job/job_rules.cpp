#include "job/job_rules.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <tuple>

#include "value/text.hpp"

namespace pysandbox {
namespace {

constexpr std::chrono::hours year{24 * 365};
constexpr std::size_t longest_worker = 255;

[[noreturn]] void refuse(const std::string& sentence) { throw Error(ErrorCode::invalid_request, sentence); }

void check_span(std::chrono::milliseconds span, std::string_view what) {
  if (span >= std::chrono::milliseconds::zero() && span <= year) return;
  refuse(fmt::format("a {} of {} ms makes no sense; use one from 0 ms to a year", what, span.count()));
}

RunResult result_without_run(Outcome outcome, std::string sentence) {
  RunResult result;
  result.outcome = outcome;
  result.warnings.push_back(std::move(sentence));
  return result;
}

}  // namespace

void check_options(const JobStoreOptions& options) {
  if (options.max_attempts == 0) {
    refuse("max_attempts is 0, so no job could ever run; make it 1 or more");
  }
}

void check_lease(std::chrono::milliseconds lease) { check_span(lease, "lease"); }

void check_worker(std::string_view worker) {
  const bool is_text = worker.find('\0') == std::string_view::npos && !find_invalid_utf8(worker);
  if (is_text && worker.size() <= longest_worker) return;
  refuse(fmt::format("the worker's name {} is not UTF-8 of at most {} bytes without a NUL; name it so", quoted(worker),
                     longest_worker));
}

void check_callback_end(CallbackState state, std::chrono::milliseconds retry_in) {
  if (state == CallbackState::none) refuse("a callback that was tried is delivered, failed or pending; say which");
  check_span(retry_in, "wait before a retry");
}

std::chrono::microseconds bounded_age(std::chrono::seconds age) noexcept {
  return std::clamp<std::chrono::seconds>(age, std::chrono::seconds::zero(), 100 * year);
}

bool has_ended(JobState state) noexcept { return state == JobState::completed || state == JobState::failed; }

JobState end_state(const RunResult& result) noexcept {
  return result.outcome == Outcome::ok ? JobState::completed : JobState::failed;
}

Job in_short(Job job) {
  // To empty a string is not enough: it would keep its memory.
  const auto leave_out = []<class... Large>(Large&... large) { (Large().swap(large), ...); };
  leave_out(job.request.code, job.request.args, job.request.env, job.request.stdin);
  for (InputFile& input : job.request.inputs) leave_out(input.content);
  if (job.result) leave_out(job.result->stdout, job.result->stderr);
  return job;
}

CallbackState first_callback_state(const Submission& submission) noexcept {
  return submission.callback_url.empty() ? CallbackState::none : CallbackState::pending;
}

bool is_same(const Job& first, const JobRequest& request, const Submission& submission) {
  const auto kept = [](const Submission& s) {
    return std::tie(s.owner, s.priority, s.ttl, s.metadata, s.callback_url);
  };
  return first.request == request && kept(first.submission) == kept(submission);
}

Error refusal_of_other_request(const Submission& submission) {
  return Error(ErrorCode::conflict,
               fmt::format("the idempotency key {} stands for a job that asks for something else; use a new key",
                           quoted(submission.idempotency_key)));
}

Error refusal_of_too_many(const Submission& submission) {
  return Error(ErrorCode::overloaded,
               fmt::format("{} of this owner's jobs wait or run, and more are not taken; try again when one has ended",
                           submission.max_active));
}

AfterLapse after_lapse(bool cancel_requested, std::uint32_t attempt, const JobStoreOptions& options) noexcept {
  if (cancel_requested) return AfterLapse::cancel;
  return attempt < options.max_attempts ? AfterLapse::queue_again : AfterLapse::give_up;
}

RunResult result_of_cancelled_in_queue() {
  return result_without_run(Outcome::cancelled, "The job was cancelled while it waited in the queue.");
}

RunResult result_of_cancelled_and_released() {
  return result_without_run(Outcome::cancelled,
                            "The job was cancelled; its worker gave it back, so what the program did is not known.");
}

RunResult result_of_cancelled_without_worker() {
  return result_without_run(Outcome::cancelled,
                            "The job was cancelled; its worker was lost, so what the program did is not known.");
}

RunResult result_of_lost_worker(std::uint32_t attempts) {
  return result_without_run(
      Outcome::internal_error,
      fmt::format("The job was given up because its worker was lost {} {}; look into the workers' logs, "
                  "then submit it again.",
                  attempts, attempts == 1 ? "time" : "times"));
}

RunResult result_of_expired(std::chrono::seconds ttl) {
  return result_without_run(Outcome::expired,
                            fmt::format("The job waited in the queue for longer than its ttl of {} s; submit it again, "
                                        "with a longer ttl or a higher priority.",
                                        ttl.count()));
}

}  // namespace pysandbox
