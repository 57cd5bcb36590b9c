#include "job/sqlite_schema.hpp"

#include <fmt/format.h>

#include <pysandbox/error.hpp>

namespace pysandbox {
namespace {

constexpr std::int64_t application_id = 0x70795362;  // "pySb"
constexpr std::int64_t schema_version = 1;

// A job's row is written anew by every claim and heartbeat, so what is large lies apart. An
// index on state has the sequence in it, so the oldest of a state is one look-up away.
constexpr const char* tables = R"sql(
  CREATE TABLE jobs (
    sequence INTEGER PRIMARY KEY,
    id TEXT NOT NULL UNIQUE,
    state TEXT NOT NULL CHECK (state IN ('queued', 'running', 'completed', 'failed')),
    attempt INTEGER NOT NULL DEFAULT 0,
    worker TEXT NOT NULL DEFAULT '',
    token INTEGER NOT NULL DEFAULT 0,
    lease_until INTEGER CHECK ((lease_until IS NOT NULL) = (state = 'running')),
    created_at INTEGER NOT NULL,
    started_at INTEGER,
    completed_at INTEGER CHECK ((completed_at IS NOT NULL) = (state IN ('completed', 'failed'))),
    cancel_requested INTEGER NOT NULL DEFAULT 0
  ) STRICT;
  CREATE INDEX jobs_by_state ON jobs (state);
  CREATE INDEX jobs_by_lease ON jobs (lease_until) WHERE state = 'running';
  CREATE TABLE requests (sequence INTEGER PRIMARY KEY, request TEXT NOT NULL) STRICT;
  CREATE TABLE results (sequence INTEGER PRIMARY KEY, result TEXT NOT NULL, stdout BLOB NOT NULL,
                        stderr BLOB NOT NULL) STRICT;
)sql";

void refuse_foreign(const SqliteConnection& connection) {
  throw Error(ErrorCode::unavailable,
              fmt::format("{} is a database of another program; name another file for the jobs", connection.path()));
}

void refuse_version(const SqliteConnection& connection, std::int64_t version) {
  if (version < schema_version) refuse_foreign(connection);
  throw Error(ErrorCode::conflict,
              fmt::format("a newer pysandbox has written {} (schema {}, this one knows {}); update this pysandbox",
                          connection.path(), version, schema_version));
}

bool is_empty(SqliteConnection& connection) { return connection.integer("SELECT count(*) FROM sqlite_schema") == 0; }

void create_tables(SqliteConnection& connection) {
  connection.run(tables);
  connection.run(
      fmt::format("PRAGMA application_id = {}; PRAGMA user_version = {}", application_id, schema_version).c_str());
}

// In one transaction, so that of several that open a new file at once only one makes the tables.
void identify(SqliteConnection& connection) {
  SqliteTransaction transaction(connection);
  const std::int64_t owner = connection.integer("PRAGMA application_id");
  const std::int64_t version = connection.integer("PRAGMA user_version");
  if (owner == 0 && version == 0 && is_empty(connection)) {
    create_tables(connection);
  } else if (owner != application_id) {
    refuse_foreign(connection);
  } else if (version != schema_version) {
    refuse_version(connection, version);
  }
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

}  // namespace

void prepare_schema(SqliteConnection& connection) {
  connection.run("PRAGMA trusted_schema = OFF; PRAGMA synchronous = FULL");
  identify(connection);
  use_write_ahead_log(connection);
}

}  // namespace pysandbox
