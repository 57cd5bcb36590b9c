#include "job/sql_jobs.hpp"

#include <algorithm>

#include "job/job_rules.hpp"
#include "job/sql_log.hpp"
#include "job/sql_rows.hpp"
#include "support/failpoint.hpp"
#include "wire/stored_json.hpp"

namespace pysandbox {
namespace {

// As many lapsed jobs one claim() settles at most; the next ones see to the others.
constexpr std::string_view select_lapsed =
    "SELECT sequence, id, state, cancel_requested, attempt, token, ttl FROM jobs WHERE lapses_at <= clock_us()"
    " ORDER BY lapses_at LIMIT 100 FOR UPDATE SKIP LOCKED";

// "(...), (...)": as many rows like `row`, with a number behind each '$'.
std::string rows_of(std::string_view row, std::size_t count) {
  std::string text;
  std::size_t parameters = 0;
  for (std::size_t index = 0; index < count; ++index) {
    if (index > 0) text += ", ";
    for (const char c : row) {
      text += c;
      if (c == '$') text += std::to_string(++parameters);
    }
  }
  return text;
}

}  // namespace

std::variant<Added, Error> SqlJobs::add(const NewJob& job) {
  const Submission& submission = job.submission;
  const bool has_key = !submission.idempotency_key.empty();
  // Twice, in case that another process adds the same in between.
  for (int round = 0; round < 2; ++round) {
    if (const auto first = has_key ? find_by_key(submission) : std::nullopt) {
      if (is_same(*first, job.request, submission)) return Added{.id = first->id, .is_new = false};
      return refusal_of_other_request(submission);
    }
    if (submission.max_active > 0) {
      std::uint64_t& active = active_of(submission.owner);
      if (active >= submission.max_active) return refusal_of_too_many(submission);
      ++active;
    }
    if (!has_key) gathered_.push_back(&job);
    if (!has_key || insert(std::vector{&job}) == 1) return Added{.id = job.id};
    active_.clear();
  }
  return Error(ErrorCode::unavailable, "a job with the same idempotency key comes and goes; try again");
}

std::optional<Job> SqlJobs::find_by_key(const Submission& submission) {
  auto rows = session_.run(select_jobs("WHERE owner = $1 AND idempotency_key = $2"), submission.owner,
                           submission.idempotency_key);
  return rows.empty() ? std::nullopt : std::optional(read_job(std::move(rows.front())).job);
}

// The lock is for as long as the transaction: else two servers could each take the last job that may be.
std::uint64_t& SqlJobs::active_of(const std::string& owner) {
  if (const auto known = active_.find(owner); known != active_.end()) return known->second;
  flush();
  session_.run("SELECT lock_owner($1)", owner);
  auto rows = session_.run("SELECT count(*) FROM jobs WHERE owner = $1 AND completed_at IS NULL", owner);
  return active_[owner] = static_cast<std::uint64_t>(rows.front().integer());
}

// In pieces of few sizes, so that there are few statements to keep.
void SqlJobs::flush() {
  std::span<const NewJob* const> left = gathered_;
  for (const std::size_t piece : {64U, 8U, 1U}) {
    for (; left.size() >= piece; left = left.subspan(piece)) insert(left.first(piece));
  }
  gathered_.clear();
}

// Returns how many were inserted: all, but for one whose key there is.
std::size_t SqlJobs::insert(std::span<const NewJob* const> jobs) {
  std::vector<SqlParameter> values;
  for (const NewJob* job : jobs) {
    const Submission& submission = job->submission;
    values.insert(values.end(),
                  {job->id, submission.owner, submission.idempotency_key, to_column(submission.priority),
                   to_column(submission.ttl.count()), submission.callback_url, submission.callback_secret,
                   to_string(first_callback_state(submission)), to_column(std::chrono::microseconds(submission.ttl))});
  }
  auto inserted = session_.run(
      "INSERT INTO jobs (id, state, owner, idempotency_key, priority, ttl, callback_url, callback_secret, callback,"
      " created_at, lapses_at) VALUES " +
          rows_of(
              "($, 'queued', $, nullif($, ''), $, $, $, $, $, clock_us(), clock_us() + nullif(CAST($ AS BIGINT), 0))",
              jobs.size()) +
          " ON CONFLICT (owner, idempotency_key) WHERE idempotency_key IS NOT NULL DO NOTHING RETURNING sequence, id",
      std::span<const SqlParameter>(values));
  if (inserted.empty()) return 0;

  values.clear();
  for (SqlRow& row : inserted) {
    const std::int64_t sequence = row.integer();
    const JobId id = row.bytes();
    const NewJob& job = **std::find_if(jobs.begin(), jobs.end(), [&](const NewJob* each) { return each->id == id; });
    values.insert(values.end(), {sequence, job.stored_request, job.submission.metadata});
    session_.note(id);
  }
  session_.run("INSERT INTO requests (sequence, request, metadata) VALUES " + rows_of("($, $, $)", inserted.size()),
               std::span<const SqlParameter>(values));
  failpoint("add_uncommitted");
  return inserted.size();
}

std::optional<Claim> SqlJobs::claim(std::string_view worker, std::chrono::milliseconds lease) {
  settle_lapsed();
  return hand_first_to(worker, lease);
}

std::optional<Claim> SqlJobs::hand_first_to(std::string_view worker, std::chrono::milliseconds lease) {
  auto rows = session_.run(
      "UPDATE jobs SET state = 'running', attempt = attempt + 1, token = token + 1, worker = $1,"
      " started_at = clock_us(), lapses_at = clock_us() + $2 WHERE sequence ="
      " (SELECT sequence FROM jobs WHERE state = 'queued' AND (lapses_at IS NULL OR lapses_at > clock_us())"
      " ORDER BY priority DESC, sequence LIMIT 1 FOR UPDATE SKIP LOCKED) RETURNING sequence, attempt",
      worker, to_column(std::chrono::microseconds(lease)));
  if (rows.empty()) return std::nullopt;
  const std::int64_t sequence = rows.front().integer();
  keep_status(session_, sequence, JobState::running, static_cast<std::uint32_t>(rows.front().integer()));
  auto claimed = session_.run(select_jobs("WHERE sequence = $1"), sequence);
  Claim claim = read_job(std::move(claimed.at(0)));
  session_.note(claim.job.id);
  failpoint("claim_uncommitted");
  return claim;
}

JobStore::Heartbeat SqlJobs::heartbeat(const Claim& claim, std::chrono::milliseconds lease) {
  auto rows = session_.run(
      "UPDATE jobs SET lapses_at = clock_us() + $1 WHERE id = $2 AND token = $3 AND state = 'running'"
      " RETURNING cancel_requested",
      to_column(std::chrono::microseconds(lease)), claim.job.id, to_column(claim.token));
  if (rows.empty()) return JobStore::Heartbeat::lost;
  return rows.front().integer() != 0 ? JobStore::Heartbeat::cancelled : JobStore::Heartbeat::held;
}

bool SqlJobs::append_output(const Claim& claim, Stream stream, std::string_view text) {
  const auto job = lock_held_by(claim);
  if (!job) return false;
  if (text.empty()) return true;
  keep_output(session_, job->sequence, job->attempt, job->token, stream, text);
  session_.note(job->id);
  failpoint("append_uncommitted");
  return true;
}

bool SqlJobs::append_progress(const Claim& claim, std::string_view sentence) {
  const auto job = lock_held_by(claim);
  if (!job) return false;
  if (sentence.empty()) return true;
  keep_progress(session_, job->sequence, job->attempt, sentence);
  session_.note(job->id);
  return true;
}

bool SqlJobs::finish(const Claim& claim, const RunResult& result) {
  const auto job = lock_held_by(claim);
  if (job) end(*job, result);
  failpoint("finish_uncommitted");
  return job.has_value();
}

bool SqlJobs::release(const Claim& claim) {
  const auto job = lock_held_by(claim);
  if (!job) return false;
  if (job->cancel_requested) {
    end(*job, result_of_cancelled_and_released());
    return true;
  }
  session_.run(
      "UPDATE jobs SET state = 'queued', attempt = attempt - 1, worker = '', started_at = NULL,"
      " lapses_at = CASE WHEN attempt = 1 AND ttl > 0 THEN created_at + ttl * 1000000 END WHERE sequence = $1",
      job->sequence);
  keep_status(session_, job->sequence, JobState::queued, job->attempt - 1);
  session_.note(job->id);
  failpoint("release_uncommitted");
  return true;
}

bool SqlJobs::cancel(const JobId& id) {
  const auto job = lock_by_id(id);
  if (!job || has_ended(job->state)) return false;
  session_.run("UPDATE jobs SET cancel_requested = 1 WHERE sequence = $1", job->sequence);
  if (job->state == JobState::queued) end(*job, result_of_cancelled_in_queue());
  session_.note(id);
  failpoint("cancel_uncommitted");
  return true;
}

bool SqlJobs::remove(const JobId& id) {
  const auto job = lock_by_id(id);
  if (!job || !has_ended(job->state)) return false;
  session_.run("DELETE FROM jobs WHERE sequence = $1", job->sequence);
  session_.run("DELETE FROM requests WHERE sequence = $1", job->sequence);
  session_.run("DELETE FROM results WHERE sequence = $1", job->sequence);
  session_.run("DELETE FROM events WHERE sequence = $1", job->sequence);
  session_.note(id);
  return true;
}

std::optional<Job> SqlJobs::claim_callback(std::chrono::milliseconds lease) {
  auto rows = session_.run(
      "UPDATE jobs SET callback_attempt = callback_attempt + 1, callback_at = clock_us() + $1 WHERE sequence ="
      " (SELECT sequence FROM jobs WHERE callback_at <= clock_us() ORDER BY callback_at LIMIT 1"
      " FOR UPDATE SKIP LOCKED) RETURNING sequence",
      to_column(std::chrono::microseconds(lease)));
  if (rows.empty()) return std::nullopt;
  auto claimed = session_.run(select_jobs("WHERE sequence = $1"), rows.front().integer());
  return read_job(std::move(claimed.at(0))).job;
}

void SqlJobs::finish_callback(const JobId& id, CallbackState state, std::chrono::milliseconds retry_in) {
  if (state == CallbackState::pending) {
    session_.run("UPDATE jobs SET callback_at = clock_us() + $1 WHERE id = $2 AND callback_at IS NOT NULL",
                 to_column(std::chrono::microseconds(retry_in)), id);
  } else {
    session_.run("UPDATE jobs SET callback = $1, callback_at = NULL WHERE id = $2 AND callback_at IS NOT NULL",
                 to_string(state), id);
  }
}

std::vector<SqlJobs::Locked> SqlJobs::lock(std::vector<SqlRow> rows) {
  std::vector<Locked> jobs;
  for (SqlRow& row : rows) {
    Locked job{};
    job.sequence = row.integer();
    job.id = row.bytes();
    job.state = read_state(row.bytes());
    job.cancel_requested = row.integer() != 0;
    job.attempt = static_cast<std::uint32_t>(row.integer());
    job.token = row.integer();
    job.ttl = std::chrono::seconds(row.integer());
    jobs.push_back(std::move(job));
  }
  return jobs;
}

std::optional<SqlJobs::Locked> SqlJobs::lock_held_by(const Claim& claim) {
  auto job = lock_by_id(claim.job.id);
  const bool is_held = job && job->state == JobState::running && job->token == to_column(claim.token);
  return is_held ? std::move(job) : std::nullopt;
}

std::optional<SqlJobs::Locked> SqlJobs::lock_by_id(const JobId& id) {
  auto jobs = lock(session_.run(
      "SELECT sequence, id, state, cancel_requested, attempt, token, ttl FROM jobs WHERE id = $1 FOR UPDATE", id));
  return jobs.empty() ? std::nullopt : std::optional(std::move(jobs.front()));
}

void SqlJobs::settle_lapsed() {
  for (const Locked& job : lock(session_.run(select_lapsed))) settle(job);
}

void SqlJobs::settle(const Locked& job) {
  if (job.state == JobState::queued) {
    end(job, result_of_expired(job.ttl));
    return;
  }
  switch (after_lapse(job.cancel_requested, job.attempt, options_)) {
    case AfterLapse::queue_again:
      queue_again(job);
      break;
    case AfterLapse::cancel:
      end(job, result_of_cancelled_without_worker());
      break;
    case AfterLapse::give_up:
      end(job, result_of_lost_worker(job.attempt));
      break;
  }
}

void SqlJobs::queue_again(const Locked& job) {
  session_.run("UPDATE jobs SET state = 'queued', lapses_at = NULL WHERE sequence = $1", job.sequence);
  keep_status(session_, job.sequence, JobState::queued, job.attempt);
  session_.note(job.id);
}

void SqlJobs::end(const Locked& job, const RunResult& result) {
  session_.run(
      "UPDATE jobs SET state = $2, outcome = $3, completed_at = clock_us(), lapses_at = NULL,"
      " callback_at = CASE WHEN callback = 'pending' THEN clock_us() END WHERE sequence = $1",
      job.sequence, to_string(end_state(result)), to_string(result.outcome));
  active_.clear();
  session_.run("INSERT INTO results (sequence, result, stdout, stderr) VALUES ($1, $2, $3, $4)", job.sequence,
               to_stored_json(result), SqlBytes{result.stdout}, SqlBytes{result.stderr});
  session_.note(job.id);
}

}  // namespace pysandbox
