// JobStore remembers jobs: what was asked, who is running it, how it ended. It is
// the queue.
//
// Implement it to keep jobs somewhere else; the suite in
// tests/contract/job_store_contract.hpp says whether yours is right.
//
// Threads: every method may be called from any thread at any time.
// Processes: a SQLite file may be shared by processes on one machine; a job is claimed by one.
// Durability: when add() or finish() returns, a crash of the process or of the
// machine does not undo it (memory store excepted).
// Errors: Error{unavailable} when the database cannot be used now; asking
// again is safe. Absence is an empty optional, never an error.
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <pysandbox/export.hpp>
#include <pysandbox/job.hpp>

namespace pysandbox {

// A worker's right to one attempt at one job. Its token fences off everybody
// who held the job before: only the newest claim can finish it.
struct Claim {
  Job job;
  std::uint64_t token = 0;
};

struct JobFilter {
  std::optional<JobState> state{};
  std::size_t limit = 100;  // at most; the newest jobs come first
  JobId after{};            // continue behind this job; empty: from the newest
};

struct JobStoreOptions {
  // After so many claims that lapsed, a job ends with Outcome::internal_error.
  std::uint32_t max_attempts = 3;
};

class PYSANDBOX_EXPORT JobStore {
 public:
  virtual ~JobStore() = default;

  // Records a queued job and returns its id. Throws as check_request() does.
  virtual JobId add(const JobRequest& request) = 0;

  virtual std::optional<Job> find(const JobId& id) = 0;

  // Newest first. Pass the last id of a page as `after` to get the next one; jobs
  // that are added meanwhile do not shift pages.
  virtual std::vector<Job> list(const JobFilter& filter) = 0;

  // Gives the oldest queued job to `worker`, or nothing if none waits. The claim
  // lapses when `lease` has passed without heartbeat(); then the next claim()
  // queues the job again, or ends it after max_attempts.
  virtual std::optional<Claim> claim(std::string_view worker, std::chrono::milliseconds lease) = 0;

  enum class Heartbeat {
    held,       // go on; the lease starts anew
    cancelled,  // go on, but somebody asked to cancel: stop the program and finish
    lost,       // the job is no longer yours: stop and throw the result away
  };
  virtual Heartbeat heartbeat(const Claim& claim, std::chrono::milliseconds lease) = 0;

  // Ends the job with `result`: completed if its outcome is ok, else failed. False if the claim was lost; the
  // result is then discarded and nothing changes.
  virtual bool finish(const Claim& claim, const RunResult& result) = 0;

  // A queued job ends at once with Outcome::cancelled. For a running job its worker learns
  // of it with the next heartbeat. False if there is no such job or it has ended.
  virtual bool cancel(const JobId& id) = 0;

  // Forgets a job that has ended. False if there is none, or it has not.
  virtual bool remove(const JobId& id) = 0;
};

// Keeps jobs for the life of the process.
PYSANDBOX_EXPORT std::unique_ptr<JobStore> make_memory_job_store(const JobStoreOptions& options = {});

// Opens or makes the SQLite database `path` (WAL, synchronous=FULL; mode 0600).
// Throws Error{unavailable} if it cannot be opened or is not ours, and
// Error{conflict} if a newer pysandbox has written it.
PYSANDBOX_EXPORT std::unique_ptr<JobStore> open_sqlite_job_store(const std::string& path,
                                                                 const JobStoreOptions& options = {});

}  // namespace pysandbox
