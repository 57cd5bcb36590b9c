// What every JobStore does alike: which moves a job makes, and what pysandbox itself says about its end.
#pragma once

#include <chrono>
#include <cstdint>
#include <string_view>

#include <pysandbox/error.hpp>
#include <pysandbox/job_store.hpp>

namespace pysandbox {

// Throws Error{invalid_request} for options under which no job could run.
void check_options(const JobStoreOptions& options);

// Throws Error{invalid_request} for a lease below zero or over a year.
void check_lease(std::chrono::milliseconds lease);

// Throws Error{invalid_request} for a name that is not text, or too long to be one.
void check_worker(std::string_view worker);

// Throws Error{invalid_request} for a state that says nothing, or a wait that check_lease() would refuse.
void check_callback_end(CallbackState state, std::chrono::milliseconds retry_in);

// `age` without what would overflow a clock.
std::chrono::microseconds bounded_age(std::chrono::seconds age) noexcept;

bool has_ended(JobState state) noexcept;

// completed or failed.
JobState end_state(const RunResult& result) noexcept;

// A job as JobStore::list() gives it.
Job in_short(Job job);

// What the telling of a new job's end begins with.
CallbackState first_callback_state(const Submission& submission) noexcept;

// Whether a repeated submission asks for what `first` is. The secret may change meanwhile, and max_active is not kept.
bool is_same(const Job& first, const JobRequest& request, const Submission& submission);

// What is thrown at those whose job is not added.
Error refusal_of_other_request(const Submission& submission);
Error refusal_of_too_many(const Submission& submission);

// What becomes of a running job whose claim lapsed.
enum class AfterLapse {
  queue_again,
  cancel,   // whoever would have stopped it is gone, and nobody wants it any more
  give_up,  // it was claimed often enough
};
AfterLapse after_lapse(bool cancel_requested, std::uint32_t attempt, const JobStoreOptions& options) noexcept;

// The results that no container reports.
RunResult result_of_cancelled_in_queue();
RunResult result_of_cancelled_and_released();
RunResult result_of_cancelled_without_worker();
RunResult result_of_lost_worker(std::uint32_t attempts);
RunResult result_of_expired(std::chrono::seconds ttl);

}  // namespace pysandbox
