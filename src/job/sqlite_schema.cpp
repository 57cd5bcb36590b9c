#include "job/sqlite_schema.hpp"

#include <fmt/format.h>

#include <chrono>
#include <string>
#include <thread>

#include <pysandbox/error.hpp>

#include "job/sql_schema.hpp"

namespace pysandbox {
namespace {

constexpr std::int64_t application_id = 0x70795362;  // "pySb"
constexpr SqlWords words{.integer = "INTEGER", .bytes = "BLOB", .row_number = "INTEGER PRIMARY KEY", .end = " STRICT"};

// Version 1 had neither submissions nor logs. Of a log only the claims have to be kept (job_log.hpp), and of those it
// knew the last one.
constexpr const char* rename_version_1 = R"sql(
  ALTER TABLE jobs RENAME TO jobs_1;
  DROP INDEX jobs_by_state;
  DROP INDEX jobs_by_lease;
  ALTER TABLE requests ADD COLUMN metadata TEXT NOT NULL DEFAULT '';
)sql";
constexpr const char* take_version_1_over = R"sql(
  INSERT INTO jobs (sequence, id, state, outcome, attempt, worker, token, lapses_at, created_at, started_at, completed_at,
                    cancel_requested)
    SELECT sequence, id, state, json_extract(result, '$.outcome'), attempt, worker, token, lease_until, created_at,
           started_at, completed_at, cancel_requested
    FROM jobs_1 LEFT JOIN results USING (sequence);
  INSERT INTO events (sequence, number, at, attempt, token, state)
    SELECT sequence, 2, started_at, attempt, 0, 'running' FROM jobs WHERE started_at IS NOT NULL;
  INSERT INTO events (sequence, number, at, attempt, token, state)
    SELECT sequence, 3, started_at, attempt, 0, 'queued' FROM jobs WHERE started_at IS NOT NULL AND state = 'queued';
  DROP TABLE jobs_1;
)sql";

void refuse_foreign(const SqliteConnection& connection) {
  throw Error(ErrorCode::unavailable,
              fmt::format("{} is a database of another program; name another file for the jobs", connection.path()));
}

void refuse_newer(const SqliteConnection& connection, std::int64_t version) {
  throw Error(ErrorCode::conflict,
              fmt::format("a newer pysandbox has written {} (schema {}, this one knows {}); update this pysandbox",
                          connection.path(), version, sql_schema_version));
}

bool is_empty(SqliteConnection& connection) { return connection.integer("SELECT count(*) FROM sqlite_schema") == 0; }

void run_all(SqliteConnection& connection, const std::string& statements) { connection.run(statements.c_str()); }

void create_tables(SqliteConnection& connection) {
  run_all(connection, sql_job_tables(words));
  run_all(connection, sql_document_tables(words));
}

void migrate(SqliteConnection& connection) {
  connection.run(rename_version_1);
  run_all(connection, sql_job_tables(words));
  connection.run(take_version_1_over);
}

// In one transaction, so that of several that open the file at once only one makes or changes the tables.
void identify(SqliteConnection& connection) {
  SqliteTransaction transaction(connection);
  const std::int64_t owner = connection.integer("PRAGMA application_id");
  const std::int64_t version = connection.integer("PRAGMA user_version");
  const bool is_ours = owner == application_id && version > 0;
  if (is_ours && version > sql_schema_version) refuse_newer(connection, version);
  if (is_ours && version == sql_schema_version) return;
  if (is_ours) {
    migrate(connection);
  } else if (owner == 0 && version == 0 && is_empty(connection)) {
    create_tables(connection);
  } else {
    refuse_foreign(connection);
  }
  run_all(connection,
          fmt::format("PRAGMA application_id = {}; PRAGMA user_version = {}", application_id, sql_schema_version));
  transaction.commit();
}

void use_write_ahead_log(SqliteConnection& connection) {
  SqliteStatement mode = connection.statement("PRAGMA journal_mode = WAL");
  if (mode.step() && mode.bytes(0) == "wal") return;
  throw Error(ErrorCode::unavailable,
              fmt::format("the file system of {} cannot share memory between processes, which SQLite's write-ahead "
                          "log needs; put it on a local disk",
                          connection.path()));
}

// Of several that open a new file at once, SQLite refuses some this change without waiting for the others.
void use_write_ahead_log_patiently(SqliteConnection& connection) {
  constexpr int most_tries = 500;
  for (int tries = 1;; ++tries) {
    try {
      return use_write_ahead_log(connection);
    } catch (const Error& error) {
      if (!error.retryable() || tries == most_tries) throw;
      std::this_thread::sleep_for(std::chrono::milliseconds(5));
    }
  }
}

}  // namespace

void prepare_reading(SqliteConnection& connection) { connection.run("PRAGMA trusted_schema = OFF"); }

void prepare_schema(SqliteConnection& connection) {
  connection.run("PRAGMA trusted_schema = OFF; PRAGMA synchronous = FULL");
  identify(connection);
  use_write_ahead_log_patiently(connection);
}

}  // namespace pysandbox
