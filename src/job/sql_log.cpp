#include "job/sql_log.hpp"

#include <algorithm>
#include <limits>

#include "job/job_log.hpp"
#include "job/job_rules.hpp"
#include "job/sql_rows.hpp"

namespace pysandbox {
namespace {

// In the column of streams, where no program has one of that name.
constexpr std::string_view progress_word = "progress";

std::string_view word_of(Stream stream) { return stream == Stream::stdout_stream ? "stdout" : "stderr"; }

JobEvent read_event(SqlRow row) {
  JobEvent event;
  event.number = static_cast<std::uint64_t>(row.integer());
  event.at = read_time(row.integer());
  event.attempt = static_cast<std::uint32_t>(row.integer());
  if (const auto state = row.optional_bytes()) {
    event.state = read_state(*state);
    return event;
  }
  event.state = JobState::running;
  const std::string stream = row.bytes();
  event.kind = stream == progress_word ? JobEvent::Kind::progress : JobEvent::Kind::output;
  if (stream == word_of(Stream::stderr_stream)) event.stream = Stream::stderr_stream;
  event.text = row.bytes();
  return event;
}

std::int64_t to_bound(std::uint64_t number) {
  constexpr std::uint64_t largest = std::numeric_limits<std::int64_t>::max();
  return to_column(std::min(number, largest));
}

KeptLog read_kept(SqlSession& session, std::int64_t sequence, std::int64_t token) {
  auto rows = session.run(
      "SELECT coalesce(max(number), 1),"
      " coalesce(sum(CASE WHEN token = $2 AND stream = 'stdout' THEN length(text) END), 0),"
      " coalesce(sum(CASE WHEN token = $2 AND stream = 'stderr' THEN length(text) END), 0)"
      " FROM events WHERE sequence = $1",
      sequence, token);
  KeptLog kept;
  kept.last_number = static_cast<std::uint64_t>(rows.at(0).integer());
  kept.stdout_bytes = static_cast<std::uint64_t>(rows.at(0).integer());
  kept.stderr_bytes = static_cast<std::uint64_t>(rows.at(0).integer());
  return kept;
}

void keep_text(SqlSession& session, std::int64_t sequence, std::uint32_t attempt, std::int64_t token,
               std::string_view word, std::string_view text) {
  session.run(
      "INSERT INTO events (sequence, number, at, attempt, token, stream, text)"
      " VALUES ($1, (SELECT coalesce(max(number), 1) + 1 FROM events WHERE sequence = $1), clock_us(), $2, $3, $4, $5)",
      sequence, to_column(attempt), token, word, SqlBytes{text});
}

}  // namespace

void keep_status(SqlSession& session, std::int64_t sequence, JobState state, std::uint32_t attempt) {
  session.run(
      "INSERT INTO events (sequence, number, at, attempt, token, state)"
      " VALUES ($1, (SELECT coalesce(max(number), 1) + 1 FROM events WHERE sequence = $1), clock_us(), $2, 0, $3)",
      sequence, to_column(attempt), to_string(state));
}

void keep_output(SqlSession& session, std::int64_t sequence, std::uint32_t attempt, std::int64_t token, Stream stream,
                 std::string_view text) {
  keep_text(session, sequence, attempt, token, word_of(stream), text);
}

void keep_progress(SqlSession& session, std::int64_t sequence, std::uint32_t attempt, std::string_view sentence) {
  keep_text(session, sequence, attempt, 0, progress_word, sentence);
}

// The job is looked at before its log: what has ended then has no more added to it.
std::vector<JobEvent> read_events(SqlSession& session, const JobId& id, std::uint64_t after, std::size_t limit) {
  std::vector<JobEvent> page;
  auto found = session.run("SELECT sequence, token, state, created_at FROM jobs WHERE id = $1", id);
  if (found.empty() || limit == 0) return page;
  const std::int64_t sequence = found.front().integer();
  const std::int64_t token = found.front().integer();
  const JobState state = read_state(found.front().bytes());
  if (after < first_kept_number - 1) {
    Job begun;
    begun.created_at = read_time(found.front().integer());
    page.push_back(first_event(begun));
  }
  auto kept = session.run(
      "SELECT number, at, attempt, state, stream, text FROM events WHERE sequence = $1 AND number > $2"
      " ORDER BY number LIMIT $3",
      sequence, to_bound(after), to_bound(limit - page.size()));
  for (SqlRow& row : kept) page.push_back(read_event(std::move(row)));
  if (!has_ended(state) || page.size() >= limit) return page;
  auto ended = session.run(select_jobs("WHERE sequence = $1"), sequence);
  if (ended.empty()) return {};  // removed meanwhile
  add_last_events(page, read_job(std::move(ended.front())).job, read_kept(session, sequence, token), after, limit);
  return page;
}

}  // namespace pysandbox
