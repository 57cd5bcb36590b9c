#include <pysandbox/error.hpp>
#include <pysandbox/job_store.hpp>

#include <fmt/format.h>

#include <sys/stat.h>

#include <algorithm>
#include <cerrno>
#include <filesystem>
#include <limits>
#include <mutex>
#include <utility>

#include "job/job_rules.hpp"
#include "job/sqlite_connection.hpp"
#include "job/sqlite_schema.hpp"
#include "wire/stored_json.hpp"
#include "support/random_id.hpp"
#include "support/syscall.hpp"
#include "value/words.hpp"

namespace pysandbox {
namespace {

using std::chrono::microseconds;

std::string select_jobs(std::string_view which) {
  return fmt::format(
      "SELECT id, state, request, attempt, worker, created_at, started_at, completed_at, cancel_requested, result, "
      "stdout, stderr, token FROM jobs JOIN requests USING (sequence) LEFT JOIN results USING (sequence) {}",
      which);
}

std::int64_t to_column(Job::TimePoint time) {
  return std::chrono::duration_cast<microseconds>(time.time_since_epoch()).count();
}

std::int64_t now() { return to_column(std::chrono::system_clock::now()); }

Job::TimePoint to_time(std::int64_t column) { return Job::TimePoint(microseconds(column)); }

std::optional<Job::TimePoint> to_time(std::optional<std::int64_t> column) {
  return column ? std::optional(to_time(*column)) : std::nullopt;
}

std::int64_t lease_end(std::chrono::milliseconds lease) { return now() + microseconds(lease).count(); }

JobState read_state(const SqliteStatement& row, int column) {
  const auto state = parse_job_state(row.bytes(column));
  if (!state) throw Error(ErrorCode::unavailable, "a stored job has no known state; restore the store from a backup");
  return *state;
}

// A row of select_jobs().
Claim read_row(const SqliteStatement& row) {
  Claim claim;
  Job& job = claim.job;
  job.id = row.bytes(0);
  job.state = read_state(row, 1);
  job.request = parse_stored_request(row.bytes(2));
  job.attempt = static_cast<std::uint32_t>(row.integer(3));
  job.worker = row.bytes(4);
  job.created_at = to_time(row.integer(5));
  job.started_at = to_time(row.optional_integer(6));
  job.completed_at = to_time(row.optional_integer(7));
  job.cancel_requested = row.integer(8) != 0;
  if (!row.is_null(9)) {
    job.result = parse_stored_result(row.bytes(9));
    job.result->stdout = row.bytes(10);
    job.result->stderr = row.bytes(11);
  }
  claim.token = static_cast<std::uint64_t>(row.integer(12));
  return claim;
}

struct LapsedClaim {
  std::int64_t sequence;
  bool cancel_requested;
  std::uint32_t attempt;
};

class SqliteJobStore final : public JobStore {
 public:
  SqliteJobStore(const std::string& path, const JobStoreOptions& options) : options_(options), database_(path) {
    prepare_schema(database_);
  }

  JobId add(const JobRequest& request) override {
    check_request(request);
    const JobId id = random_id();
    const std::string text = to_stored_json(request);

    const std::lock_guard lock(mutex_);
    SqliteTransaction transaction(database_);
    database_.statement("INSERT INTO jobs (id, state, created_at) VALUES (?, 'queued', ?)").bind(id).bind(now()).run();
    database_.statement("INSERT INTO requests (sequence, request) VALUES (last_insert_rowid(), ?)").bind(text).run();
    transaction.commit();
    return id;
  }

  std::optional<Job> find(const JobId& id) override {
    const std::lock_guard lock(mutex_);
    SqliteStatement query = database_.statement(select_jobs("WHERE id = ?"));
    if (!query.bind(id).step()) return std::nullopt;
    return read_row(query).job;
  }

  std::vector<Job> list(const JobFilter& filter) override {
    const std::lock_guard lock(mutex_);
    const auto before = filter.after.empty() ? std::numeric_limits<std::int64_t>::max() : sequence_of(filter.after);
    if (!before) return {};
    constexpr std::size_t largest = std::numeric_limits<std::int64_t>::max();
    const auto limit = static_cast<std::int64_t>(std::min(filter.limit, largest));
    const std::string_view state = filter.state ? to_string(*filter.state) : std::string_view();
    SqliteStatement query =
        database_.statement(select_jobs(filter.state ? "WHERE sequence < ? AND state = ? ORDER BY sequence DESC LIMIT ?"
                                                     : "WHERE sequence < ? AND ? = '' ORDER BY sequence DESC LIMIT ?"));
    query.bind(*before).bind(state).bind(limit);
    std::vector<Job> page;
    while (query.step()) page.push_back(read_row(query).job);
    return page;
  }

  std::optional<Claim> claim(std::string_view worker, std::chrono::milliseconds lease) override {
    check_lease(lease);
    const std::lock_guard lock(mutex_);
    SqliteTransaction transaction(database_);
    end_lapsed_claims();
    auto claim = hand_oldest_to(worker, lease);
    transaction.commit();
    return claim;
  }

  Heartbeat heartbeat(const Claim& claim, std::chrono::milliseconds lease) override {
    check_lease(lease);
    const std::lock_guard lock(mutex_);
    SqliteTransaction transaction(database_);
    database_.statement("UPDATE jobs SET lease_until = ? WHERE id = ? AND token = ? AND state = 'running'")
        .bind(lease_end(lease))
        .bind(claim.job.id)
        .bind(static_cast<std::int64_t>(claim.token))
        .run();
    if (database_.changes() == 0) return Heartbeat::lost;
    const bool is_cancelled = is_cancel_requested(claim.job.id);
    transaction.commit();
    return is_cancelled ? Heartbeat::cancelled : Heartbeat::held;
  }

  bool finish(const Claim& claim, const RunResult& result) override {
    const std::lock_guard lock(mutex_);
    SqliteTransaction transaction(database_);
    const auto sequence = sequence_held_by(claim);
    if (!sequence) return false;
    end(*sequence, result);
    transaction.commit();
    return true;
  }

  bool cancel(const JobId& id) override {
    const std::lock_guard lock(mutex_);
    SqliteTransaction transaction(database_);
    const auto sequence = sequence_of(id);
    if (!sequence) return false;
    const JobState state = state_of(*sequence);
    if (has_ended(state)) return false;
    database_.statement("UPDATE jobs SET cancel_requested = 1 WHERE sequence = ?").bind(*sequence).run();
    if (state == JobState::queued) end(*sequence, result_of_cancelled_in_queue());
    transaction.commit();
    return true;
  }

  bool remove(const JobId& id) override {
    const std::lock_guard lock(mutex_);
    SqliteTransaction transaction(database_);
    const auto sequence = sequence_of(id);
    if (!sequence || !has_ended(state_of(*sequence))) return false;
    database_.statement("DELETE FROM jobs WHERE sequence = ?").bind(*sequence).run();
    database_.statement("DELETE FROM requests WHERE sequence = ?").bind(*sequence).run();
    database_.statement("DELETE FROM results WHERE sequence = ?").bind(*sequence).run();
    transaction.commit();
    return true;
  }

 private:
  std::optional<std::int64_t> sequence_of(const JobId& id) {
    SqliteStatement query = database_.statement("SELECT sequence FROM jobs WHERE id = ?");
    return query.bind(id).step() ? std::optional(query.integer(0)) : std::nullopt;
  }

  std::optional<std::int64_t> sequence_held_by(const Claim& claim) {
    SqliteStatement query =
        database_.statement("SELECT sequence FROM jobs WHERE id = ? AND token = ? AND state = 'running'");
    query.bind(claim.job.id).bind(static_cast<std::int64_t>(claim.token));
    return query.step() ? std::optional(query.integer(0)) : std::nullopt;
  }

  JobState state_of(std::int64_t sequence) {
    SqliteStatement query = database_.statement("SELECT state FROM jobs WHERE sequence = ?");
    query.bind(sequence).step();
    return read_state(query, 0);
  }

  bool is_cancel_requested(const JobId& id) {
    SqliteStatement query = database_.statement("SELECT cancel_requested FROM jobs WHERE id = ?");
    return query.bind(id).step() && query.integer(0) != 0;
  }

  std::optional<Claim> hand_oldest_to(std::string_view worker, std::chrono::milliseconds lease) {
    const std::int64_t sequence = oldest_queued();
    if (sequence == 0) return std::nullopt;
    database_
        .statement(
            "UPDATE jobs SET state = 'running', attempt = attempt + 1, token = token + 1, worker = ?, "
            "started_at = ?, lease_until = ? WHERE sequence = ?")
        .bind(worker)
        .bind(now())
        .bind(lease_end(lease))
        .bind(sequence)
        .run();
    SqliteStatement query = database_.statement(select_jobs("WHERE sequence = ?"));
    query.bind(sequence).step();
    return read_row(query);
  }

  // Zero if none waits: SQLite counts rows from one.
  std::int64_t oldest_queued() {
    return database_.integer("SELECT sequence FROM jobs WHERE state = 'queued' ORDER BY sequence LIMIT 1");
  }

  void end(std::int64_t sequence, const RunResult& result) {
    const std::string text = to_stored_json(result);
    database_.statement("UPDATE jobs SET state = ?, completed_at = ?, lease_until = NULL WHERE sequence = ?")
        .bind(to_string(end_state(result)))
        .bind(now())
        .bind(sequence)
        .run();
    database_.statement("INSERT INTO results (sequence, result, stdout, stderr) VALUES (?, ?, ?, ?)")
        .bind(sequence)
        .bind(text)
        .bind_blob(result.stdout)
        .bind_blob(result.stderr)
        .run();
  }

  void end_lapsed_claims() {
    for (const LapsedClaim& lapsed : lapsed_claims()) {
      switch (after_lapse(lapsed.cancel_requested, lapsed.attempt, options_)) {
        case AfterLapse::queue_again:
          queue_again(lapsed.sequence);
          break;
        case AfterLapse::cancel:
          end(lapsed.sequence, result_of_cancelled_without_worker());
          break;
        case AfterLapse::give_up:
          end(lapsed.sequence, result_of_lost_worker(lapsed.attempt));
          break;
      }
    }
  }

  std::vector<LapsedClaim> lapsed_claims() {
    SqliteStatement query = database_.statement(
        "SELECT sequence, cancel_requested, attempt FROM jobs WHERE state = 'running' AND lease_until <= ?");
    query.bind(now());
    std::vector<LapsedClaim> lapsed;
    while (query.step()) {
      lapsed.push_back({query.integer(0), query.integer(1) != 0, static_cast<std::uint32_t>(query.integer(2))});
    }
    return lapsed;
  }

  void queue_again(std::int64_t sequence) {
    database_.statement("UPDATE jobs SET state = 'queued', lease_until = NULL WHERE sequence = ?").bind(sequence).run();
  }

  const JobStoreOptions options_;
  std::mutex mutex_;  // guards the connection
  SqliteConnection database_;
};

// SQLite gives new files the mode of the umask, and an extra open() and close() of
// ours would drop the locks that other connections of this process hold on the file.
void make_private_file(const std::string& path) {
  if (::mknod(path.c_str(), S_IFREG | S_IRUSR | S_IWUSR, 0) == 0 || errno == EEXIST) return;
  throw Error(ErrorCode::unavailable,
              fmt::format("making the job database {}: {}; make its directory, writable for this user", path,
                          errno_text(errno)));
}

// Absolute, so that SQLite sees no special name in it, such as ":memory:".
std::string file_path(const std::string& path) {
  if (path.empty() || path.find('\0') != std::string::npos) {
    throw Error(ErrorCode::invalid_request, "the path of the job database is empty or holds a NUL; name a file");
  }
  std::error_code error;
  const auto absolute = std::filesystem::absolute(path, error);
  if (error)
    throw Error(ErrorCode::unavailable,
                fmt::format("finding the job database {}: {}; give an absolute path", path, error.message()));
  return absolute.string();
}

}  // namespace

std::unique_ptr<JobStore> open_sqlite_job_store(const std::string& path, const JobStoreOptions& options) {
  check_options(options);
  const std::string file = file_path(path);
  make_private_file(file);
  return std::make_unique<SqliteJobStore>(file, options);
}

}  // namespace pysandbox
