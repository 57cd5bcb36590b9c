#include "job/job_rules.hpp"

#include <fmt/format.h>

#include <pysandbox/error.hpp>

namespace pysandbox {
namespace {

RunResult result_without_run(Outcome outcome, std::string sentence) {
  RunResult result;
  result.outcome = outcome;
  result.warnings.push_back(std::move(sentence));
  return result;
}

}  // namespace

void check_options(const JobStoreOptions& options) {
  if (options.max_attempts == 0) {
    throw Error(ErrorCode::invalid_request, "max_attempts is 0, so no job could ever run; make it 1 or more");
  }
}

void check_lease(std::chrono::milliseconds lease) {
  constexpr std::chrono::hours year{24 * 365};
  if (lease >= std::chrono::milliseconds::zero() && lease <= year) return;
  throw Error(ErrorCode::invalid_request,
              fmt::format("a lease of {} ms makes no sense; use one from 0 ms to a year", lease.count()));
}

bool has_ended(JobState state) noexcept { return state == JobState::completed || state == JobState::failed; }

JobState end_state(const RunResult& result) noexcept {
  return result.outcome == Outcome::ok ? JobState::completed : JobState::failed;
}

AfterLapse after_lapse(bool cancel_requested, std::uint32_t attempt, const JobStoreOptions& options) noexcept {
  if (cancel_requested) return AfterLapse::cancel;
  return attempt < options.max_attempts ? AfterLapse::queue_again : AfterLapse::give_up;
}

RunResult result_of_cancelled_in_queue() {
  return result_without_run(Outcome::cancelled, "The job was cancelled while it waited in the queue.");
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

}  // namespace pysandbox
