// What every JobStore does alike: which moves a job makes, and what pysandbox itself says about its end.
#pragma once

#include <chrono>
#include <cstdint>

#include <pysandbox/job_store.hpp>

namespace pysandbox {

// Throws Error{invalid_request} for options under which no job could run.
void check_options(const JobStoreOptions& options);

// Throws Error{invalid_request} for a lease below zero or over a year.
void check_lease(std::chrono::milliseconds lease);

bool has_ended(JobState state) noexcept;

// completed or failed.
JobState end_state(const RunResult& result) noexcept;

// What becomes of a running job whose claim lapsed.
enum class AfterLapse {
  queue_again,
  cancel,   // whoever would have stopped it is gone, and nobody wants it any more
  give_up,  // it was claimed often enough
};
AfterLapse after_lapse(bool cancel_requested, std::uint32_t attempt, const JobStoreOptions& options) noexcept;

// The results that no container reports.
RunResult result_of_cancelled_in_queue();
RunResult result_of_cancelled_without_worker();
RunResult result_of_lost_worker(std::uint32_t attempts);

}  // namespace pysandbox
