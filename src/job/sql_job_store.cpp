#include "job/sql_job_store.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <limits>
#include <utility>

#include "job/group_commit.hpp"
#include "job/job_rules.hpp"
#include "job/sql_jobs.hpp"
#include "job/sql_log.hpp"
#include "job/sql_rows.hpp"
#include "support/failpoint.hpp"
#include "support/random_id.hpp"
#include "value/text.hpp"
#include "wire/stored_json.hpp"

namespace pysandbox {
namespace {

// Text that no job has, and that a database may not even take as a parameter.
bool is_foreign_owner(const std::string& owner) {
  return owner.find('\0') != std::string::npos || find_invalid_utf8(owner).has_value();
}

std::int64_t to_limit(std::size_t limit) {
  constexpr std::size_t largest = std::numeric_limits<std::int64_t>::max();
  return to_column(std::min(limit, largest));
}

class SqlJobStore final : public JobStore {
 public:
  SqlJobStore(std::unique_ptr<SqlDatabase> database, const JobStoreOptions& options)
      : options_(options), database_(std::move(database)), commits_(*database_, options_) {
    check_options(options);
  }

  Added add(const JobRequest& request, const Submission& submission) override {
    check_request(request);
    check_submission(submission);
    const NewJob job{random_id(), request, submission, to_stored_json(request)};
    std::variant<Added, Error> added;
    const std::string_view turn = submission.max_active > 0 ? submission.owner : std::string_view();
    commits_.change([&](SqlJobs& jobs) { added = jobs.add(job); }, turn);
    failpoint("after_add");
    if (const Error* refusal = std::get_if<Error>(&added)) throw Error(*refusal);
    return std::get<Added>(added);
  }

  std::optional<Job> find(const JobId& id) override {
    if (!is_random_id(id)) return std::nullopt;
    std::optional<Job> found;
    database_->look([&](SqlSession& session) {
      auto rows = session.run(select_jobs("WHERE id = $1"), id);
      found = rows.empty() ? std::nullopt : std::optional(read_job(std::move(rows.front())).job);
    });
    return found;
  }

  std::vector<Job> list(const JobFilter& filter) override {
    if (!filter.after.empty() && !is_random_id(filter.after)) return {};
    if (filter.owner && is_foreign_owner(*filter.owner)) return {};
    std::vector<Job> page;
    database_->look([&](SqlSession& session) {
      page.clear();
      const auto before = sequence_behind(session, filter.after);
      if (!before) return;
      // One by one: a whole page of jobs as they are stored may not fit into memory.
      for (const std::int64_t sequence : list_sequences(session, filter, *before)) {
        auto rows = session.run(select_jobs("WHERE sequence = $1"), sequence);
        if (!rows.empty()) page.push_back(in_short(read_job(std::move(rows.front())).job));
      }
    });
    return page;
  }

  std::optional<Claim> claim(std::string_view worker, std::chrono::milliseconds lease) override {
    check_worker(worker);
    check_lease(lease);
    std::optional<Claim> claim;
    commits_.change([&](SqlJobs& jobs) { claim = jobs.claim(worker, lease); });
    return claim;
  }

  Heartbeat heartbeat(const Claim& claim, std::chrono::milliseconds lease) override {
    check_lease(lease);
    if (!is_random_id(claim.job.id)) return Heartbeat::lost;
    auto answer = Heartbeat::lost;
    commits_.change([&](SqlJobs& jobs) { answer = jobs.heartbeat(claim, lease); });
    return answer;
  }

  bool append_output(const Claim& claim, Stream stream, std::string_view text) override {
    return change_job(claim.job.id, [&](SqlJobs& jobs) { return jobs.append_output(claim, stream, text); });
  }

  bool append_progress(const Claim& claim, std::string_view sentence) override {
    return change_job(claim.job.id, [&](SqlJobs& jobs) { return jobs.append_progress(claim, sentence); });
  }

  bool finish(const Claim& claim, const RunResult& result) override {
    return change_job(claim.job.id, [&](SqlJobs& jobs) { return jobs.finish(claim, result); });
  }

  bool release(const Claim& claim) override {
    return change_job(claim.job.id, [&](SqlJobs& jobs) { return jobs.release(claim); });
  }

  bool cancel(const JobId& id) override {
    return change_job(id, [&](SqlJobs& jobs) { return jobs.cancel(id); });
  }

  bool remove(const JobId& id) override {
    return change_job(id, [&](SqlJobs& jobs) { return jobs.remove(id); });
  }

  std::vector<JobEvent> events(const JobId& id, std::uint64_t after, std::size_t limit) override {
    std::vector<JobEvent> page;
    if (!is_random_id(id)) return page;
    database_->look([&](SqlSession& session) { page = read_events(session, id, after, limit); });
    return page;
  }

  std::optional<std::uint64_t> position(const JobId& id) override {
    if (!is_random_id(id)) return std::nullopt;
    std::optional<std::uint64_t> position;
    database_->look([&](SqlSession& session) {
      auto rows = session.run(
          "SELECT (SELECT count(*) FROM jobs AS other WHERE other.state = 'queued' AND other.priority > job.priority)"
          " + (SELECT count(*) FROM jobs AS other WHERE other.state = 'queued' AND other.priority = job.priority"
          " AND other.sequence < job.sequence) FROM jobs AS job WHERE job.id = $1 AND job.state = 'queued'",
          id);
      position.reset();
      if (!rows.empty()) position = static_cast<std::uint64_t>(rows.front().integer());
    });
    return position;
  }

  JobCounts counts() override {
    JobCounts counts;
    database_->look([&](SqlSession& session) {
      auto rows = session.run(
          "SELECT (SELECT count(*) FROM jobs WHERE state = 'queued'),"
          " (SELECT count(*) FROM jobs WHERE state = 'running'),"
          " (SELECT created_at FROM jobs WHERE state = 'queued' ORDER BY sequence LIMIT 1)");
      SqlRow& row = rows.at(0);
      counts.queued = static_cast<std::uint64_t>(row.integer());
      counts.running = static_cast<std::uint64_t>(row.integer());
      counts.oldest_queued_at.reset();
      if (const auto at = row.optional_integer()) counts.oldest_queued_at = read_time(*at);
    });
    return counts;
  }

  std::vector<JobId> ended_before(std::chrono::seconds age, std::size_t limit) override {
    std::vector<JobId> ids;
    database_->look([&](SqlSession& session) {
      ids.clear();
      auto rows =
          session.run("SELECT id FROM jobs WHERE completed_at <= clock_us() - $1 ORDER BY completed_at LIMIT $2",
                      to_column(bounded_age(age)), to_limit(limit));
      for (SqlRow& row : rows) ids.push_back(row.bytes());
    });
    return ids;
  }

  std::optional<Job> claim_callback(std::chrono::milliseconds lease) override {
    check_lease(lease);
    std::optional<Job> job;
    commits_.change([&](SqlJobs& jobs) { job = jobs.claim_callback(lease); });
    return job;
  }

  void finish_callback(const JobId& id, CallbackState state, std::chrono::milliseconds retry_in) override {
    check_callback_end(state, retry_in);
    if (!is_random_id(id)) return;
    commits_.change([&](SqlJobs& jobs) { jobs.finish_callback(id, state, retry_in); });
  }

  std::unique_ptr<JobSubscription> subscribe(JobListener listener) override {
    return database_->subscribe(std::move(listener));
  }

 private:
  // False for an id that no job has.
  template <class Move>
  bool change_job(const JobId& id, const Move& move) {
    if (!is_random_id(id)) return false;
    bool is_done = false;
    commits_.change([&](SqlJobs& jobs) { is_done = move(jobs); });
    return is_done;
  }

  // What the sequences of a page are lower than; nothing if there is no such job.
  static std::optional<std::int64_t> sequence_behind(SqlSession& session, const JobId& after) {
    if (after.empty()) return std::numeric_limits<std::int64_t>::max();
    auto rows = session.run("SELECT sequence FROM jobs WHERE id = $1", after);
    return rows.empty() ? std::nullopt : std::optional(rows.front().integer());
  }

  static std::vector<std::int64_t> list_sequences(SqlSession& session, const JobFilter& filter, std::int64_t before) {
    std::string which = "WHERE sequence < $1";
    std::vector<SqlParameter> parameters{before};
    const auto add_condition = [&](std::string_view column, std::string_view value) {
      parameters.emplace_back(value);
      which += fmt::format(" AND {} = ${}", column, parameters.size());
    };
    if (filter.state) add_condition("state", to_string(*filter.state));
    if (filter.owner) add_condition("owner", *filter.owner);
    if (filter.outcome) add_condition("outcome", to_string(*filter.outcome));
    parameters.emplace_back(to_limit(filter.limit));
    which += fmt::format(" ORDER BY sequence DESC LIMIT ${}", parameters.size());
    std::vector<std::int64_t> sequences;
    for (SqlRow& row : session.run("SELECT sequence FROM jobs " + which, std::span<const SqlParameter>(parameters))) {
      sequences.push_back(row.integer());
    }
    return sequences;
  }

  const JobStoreOptions options_;
  const std::unique_ptr<SqlDatabase> database_;
  GroupCommit commits_;
};

}  // namespace

std::unique_ptr<JobStore> make_sql_job_store(std::unique_ptr<SqlDatabase> database, const JobStoreOptions& options) {
  return std::make_unique<SqlJobStore>(std::move(database), options);
}

}  // namespace pysandbox
