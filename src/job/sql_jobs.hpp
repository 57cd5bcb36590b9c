// SqlJobs: the moves of jobs as SQL, within one transaction that may hold those of many callers.
#pragma once

#include <map>
#include <optional>
#include <span>
#include <string>
#include <variant>
#include <vector>

#include <pysandbox/error.hpp>
#include <pysandbox/job_store.hpp>

#include "job/sql_database.hpp"

namespace pysandbox {

// What add() keeps, made ready before the transaction.
struct NewJob {
  JobId id;
  const JobRequest& request;
  const Submission& submission;
  std::string stored_request;
};

// As the methods of JobStore of the same names. Ids are such as random_id() makes: others no job has, and PostgreSQL
// takes no text that is not UTF-8.
class SqlJobs {
 public:
  SqlJobs(SqlSession& session, const JobStoreOptions& options) : session_(session), options_(options) {}

  // The Error is for the caller to throw: nothing was changed. `job` must stay until flush().
  std::variant<Added, Error> add(const NewJob& job);

  // Must be called in the end: jobs are gathered, since many rows in one statement cost little more than one.
  void flush();

  std::optional<Claim> claim(std::string_view worker, std::chrono::milliseconds lease);
  JobStore::Heartbeat heartbeat(const Claim& claim, std::chrono::milliseconds lease);
  bool append_output(const Claim& claim, Stream stream, std::string_view text);
  bool append_progress(const Claim& claim, std::string_view sentence);
  bool finish(const Claim& claim, const RunResult& result);
  bool release(const Claim& claim);
  bool cancel(const JobId& id);
  bool remove(const JobId& id);
  std::optional<Job> claim_callback(std::chrono::milliseconds lease);
  void finish_callback(const JobId& id, CallbackState state, std::chrono::milliseconds retry_in);

 private:
  // A job's row, locked.
  struct Locked {
    std::int64_t sequence;
    JobId id;
    JobState state;
    bool cancel_requested;
    std::uint32_t attempt;
    std::int64_t token;
    std::chrono::seconds ttl;
  };

  std::optional<Job> find_by_key(const Submission& submission);
  std::uint64_t& active_of(const std::string& owner);
  std::size_t insert(std::span<const NewJob* const> jobs);
  std::vector<Locked> lock(std::vector<SqlRow> rows);
  std::optional<Locked> lock_held_by(const Claim& claim);
  std::optional<Locked> lock_by_id(const JobId& id);
  void settle_lapsed();
  void settle(const Locked& job);
  std::optional<Claim> hand_first_to(std::string_view worker, std::chrono::milliseconds lease);
  void queue_again(const Locked& job);
  void end(const Locked& job, const RunResult& result);

  SqlSession& session_;
  const JobStoreOptions& options_;
  std::vector<const NewJob*> gathered_;
  std::map<std::string, std::uint64_t> active_;  // how many of an owner's jobs have not ended, as far as it was asked
};

}  // namespace pysandbox
