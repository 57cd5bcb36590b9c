#include "job/sql_rows.hpp"

#include <fmt/format.h>

#include <pysandbox/error.hpp>

#include "value/words.hpp"
#include "wire/stored_json.hpp"

namespace pysandbox {
namespace {

using std::chrono::microseconds;

std::optional<Job::TimePoint> read_time(std::optional<std::int64_t> column) {
  return column ? std::optional(pysandbox::read_time(*column)) : std::nullopt;
}

template <class Value>
Value known(std::optional<Value> value) {
  if (!value) throw Error(ErrorCode::unavailable, "a stored job has no known state; restore the store from a backup");
  return *value;
}

Submission read_submission(SqlRow& row) {
  Submission submission;
  submission.owner = row.bytes();
  submission.idempotency_key = row.optional_bytes().value_or("");
  submission.priority = static_cast<int>(row.integer());
  submission.ttl = std::chrono::seconds(row.integer());
  submission.metadata = row.bytes();
  submission.callback_url = row.bytes();
  submission.callback_secret = row.bytes();
  return submission;
}

}  // namespace

std::string select_jobs(std::string_view which) {
  return fmt::format(
      "SELECT id, token, state, attempt, worker, created_at, started_at, completed_at, cancel_requested, callback, "
      "callback_attempt, request, owner, idempotency_key, priority, ttl, metadata, callback_url, callback_secret, "
      "result, stdout, stderr FROM jobs JOIN requests USING (sequence) LEFT JOIN results USING (sequence) {}",
      which);
}

Claim read_job(SqlRow row) {
  Claim claim;
  Job& job = claim.job;
  job.id = row.bytes();
  claim.token = static_cast<std::uint64_t>(row.integer());
  job.state = read_state(row.bytes());
  job.attempt = static_cast<std::uint32_t>(row.integer());
  job.worker = row.bytes();
  job.created_at = read_time(row.integer());
  job.started_at = read_time(row.optional_integer());
  job.completed_at = read_time(row.optional_integer());
  job.cancel_requested = row.integer() != 0;
  job.callback = known(parse_callback_state(row.bytes()));
  job.callback_attempt = static_cast<std::uint32_t>(row.integer());
  job.request = parse_stored_request(row.bytes());
  job.submission = read_submission(row);
  if (const auto result = row.optional_bytes()) {
    job.result = parse_stored_result(*result);
    job.result->stdout = row.bytes();
    job.result->stderr = row.bytes();
  }
  return claim;
}

Job::TimePoint read_time(std::int64_t column) { return Job::TimePoint(microseconds(column)); }

JobState read_state(const std::string& word) { return known(parse_job_state(word)); }

std::int64_t to_column(microseconds time) { return time.count(); }

}  // namespace pysandbox
