// JobStore remembers jobs: what was asked, who is running it, how it ended. It is
// the queue, and it is the log of each job that people watch.
//
// Implement it to keep jobs somewhere else; the suite in
// tests/contract/job_store_contract.hpp says whether yours is right.
//
// Threads: every method may be called from any thread at any time. Calls that come
// together may share one commit.
// Processes: a SQLite file may be shared by processes on one machine, a PostgreSQL database by any number
// of machines; a job is claimed by one worker.
// Durability: when add(), finish() or any other change returns, a crash of the process or of the
// machine does not undo it (memory store excepted).
// Time: leases and ages go by one clock, the database's where it has one.
// Errors: Error{unavailable} when the database cannot be used now; asking
// again is safe. Absence is an empty optional, never an error.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <pysandbox/export.hpp>
#include <pysandbox/job.hpp>

namespace pysandbox {

struct Added {
  JobId id;
  bool is_new = true;  // false: the job of an earlier submission with the same idempotency key
};

// A worker's right to one attempt at one job. Its token fences off everybody
// who held the job before: only the newest claim can finish it.
struct Claim {
  Job job;
  std::uint64_t token = 0;
};

struct JobFilter {
  std::optional<JobState> state{};
  std::size_t limit = 100;             // at most; the newest jobs come first
  JobId after{};                       // continue behind this job; empty: from the newest
  std::optional<std::string> owner{};  // only jobs of this one
  std::optional<Outcome> outcome{};    // only jobs that ended so
};

struct JobCounts {
  std::uint64_t queued = 0;
  std::uint64_t running = 0;
  std::optional<Job::TimePoint> oldest_queued_at;
};

struct JobStoreOptions {
  // After so many claims that lapsed, a job ends with Outcome::internal_error.
  std::uint32_t max_attempts = 3;
};

// Hears that something about a job has changed: it was added, claimed, printed, is to be cancelled, ended. What, the
// store knows. An empty id: anything may have changed. It may be called for nothing or twice, from
// any thread, and must be quick, not throw and not call the store.
using JobListener = std::function<void(const JobId&)>;

// As long as it lives, its listener is called; once its destructor has returned, no more.
class PYSANDBOX_EXPORT JobSubscription {
 public:
  virtual ~JobSubscription() = default;
};

class PYSANDBOX_EXPORT JobStore {
 public:
  virtual ~JobStore() = default;

  // Records a queued job. Throws as check_request() and check_submission() do, Error{conflict} for an idempotency key
  // that stands for another request, Error{overloaded} beyond Submission::max_active.
  virtual Added add(const JobRequest& request, const Submission& submission) = 0;
  JobId add(const JobRequest& request) { return add(request, Submission{}).id; }

  virtual std::optional<Job> find(const JobId& id) = 0;

  // Newest first. Pass the last id of a page as `after` to get the next one; jobs
  // that are added meanwhile do not shift pages. What may be large is left empty, since a page holds many: the code,
  // args, env, stdin and contents of a request, and the outputs of a result.
  virtual std::vector<Job> list(const JobFilter& filter) = 0;

  // Gives the first queued job (of the highest priority the oldest) to `worker`, or nothing if none waits. The claim
  // lapses when `lease` has passed without heartbeat(); then the next claim()
  // queues the job again, or ends it after max_attempts. Jobs that outlived their ttl in the queue end as expired.
  virtual std::optional<Claim> claim(std::string_view worker, std::chrono::milliseconds lease) = 0;

  enum class Heartbeat {
    held,       // go on; the lease starts anew
    cancelled,  // go on, but somebody asked to cancel: stop the program and finish
    lost,       // the job is no longer yours: stop and throw the result away
  };
  virtual Heartbeat heartbeat(const Claim& claim, std::chrono::milliseconds lease) = 0;

  // Adds to the job's log what its program has printed. The texts of one stream together must be the beginning of what
  // finish() brings for it. False if the claim was lost.
  virtual bool append_output(const Claim& claim, Stream stream, std::string_view text) = 0;

  // Adds to the job's log what is being made ready for it. False if the claim was lost.
  virtual bool append_progress(const Claim& claim, std::string_view sentence) = 0;

  // Ends the job with `result`: completed if its outcome is ok, else failed. False if the claim was lost; the
  // result is then discarded and nothing changes.
  virtual bool finish(const Claim& claim, const RunResult& result) = 0;

  // Gives a job back to the queue, at its old place, as if this claim had not been. False if the claim was lost. A job
  // that somebody asked to cancel ends as cancelled.
  virtual bool release(const Claim& claim) = 0;

  // A queued job ends at once with Outcome::cancelled. For a running job its worker learns
  // of it with the next heartbeat. False if there is no such job or it has ended.
  virtual bool cancel(const JobId& id) = 0;

  // Forgets a job that has ended, with its log. False if there is none, or it has not.
  virtual bool remove(const JobId& id) = 0;

  // The job's log behind event number `after`, at most `limit` of them; empty if there is no such job. What has been
  // read once is never changed. The log of an ended job ends with JobEvent::Kind::end; nothing follows that.
  virtual std::vector<JobEvent> events(const JobId& id, std::uint64_t after, std::size_t limit) = 0;

  // How many queued jobs go before it: zero for the next one, nothing if it is not queued.
  virtual std::optional<std::uint64_t> position(const JobId& id) = 0;

  virtual JobCounts counts() = 0;

  // Ended jobs whose end lies `age` or longer ago, the oldest first.
  virtual std::vector<JobId> ended_before(std::chrono::seconds age, std::size_t limit) = 0;

  // Gives the longest due callback of an ended job, or nothing. It is not given again before `lease` has
  // passed; each time counts as an attempt.
  virtual std::optional<Job> claim_callback(std::chrono::milliseconds lease) = 0;

  // Says how a callback went: delivered, failed for good, or (pending) to be tried again after `retry_in`.
  virtual void finish_callback(const JobId& id, CallbackState state, std::chrono::milliseconds retry_in) = 0;

  // Changes made through this store are heard at once, those of other processes within a second.
  virtual std::unique_ptr<JobSubscription> subscribe(JobListener listener) = 0;
};

// Keeps jobs for the life of the process.
PYSANDBOX_EXPORT std::unique_ptr<JobStore> make_memory_job_store(const JobStoreOptions& options = {});

// Opens or makes the SQLite database `path` (WAL, synchronous=FULL; mode 0600). A database of an older pysandbox is
// brought up to date, in one transaction. Throws Error{unavailable} if it cannot be opened or is not ours, and
// Error{conflict} if a newer pysandbox has written it.
PYSANDBOX_EXPORT std::unique_ptr<JobStore> open_sqlite_job_store(const std::string& path,
                                                                 const JobStoreOptions& options = {});

// Uses the PostgreSQL database that `url` names ("postgres://user:password@host:5432/database", or libpq's keywords),
// in the schema "pysandbox", which is made if it is missing. Any number of processes may share it. The server may go
// away and come back: calls throw Error{unavailable} meanwhile. PostgreSQL 12 or newer. Throws Error{unavailable} if it
// cannot be reached or is not ours, and Error{conflict} if a newer pysandbox has written it. Errors never show the
// password. A part of its own: the CMake component pysandbox::postgres, libpqxx.
struct PostgresJobStoreOptions {
  std::uint32_t max_attempts = 3;
  std::size_t connections = 4;  // at most, beside the one that listens
};
PYSANDBOX_EXPORT std::unique_ptr<JobStore> open_postgres_job_store(const std::string& url,
                                                                   const PostgresJobStoreOptions& options = {});

}  // namespace pysandbox
