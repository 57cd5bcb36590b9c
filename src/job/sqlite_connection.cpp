#include "job/sqlite_connection.hpp"

#include <fmt/format.h>
#include <sqlite3.h>

#include <algorithm>
#include <chrono>

#include <pysandbox/error.hpp>

namespace pysandbox {
namespace {

// Long enough for a checkpoint of another process, short enough that a caller learns of a stuck one.
constexpr int busy_timeout_ms = 10'000;

std::string_view remedy_for(int code) {
  switch (code & 0xFF) {
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
      return "another process holds it, so try again";
    case SQLITE_FULL:
      return "make room on its disk";
    case SQLITE_CANTOPEN:
    case SQLITE_READONLY:
    case SQLITE_PERM:
    case SQLITE_AUTH:
      return "make the file and its directory writable for this user";
    case SQLITE_NOTADB:
      return "it is no job database, so name another file";
    case SQLITE_CORRUPT:
      return "it is damaged, so restore it from a backup";
    default:
      return "look at its disk and try again";
  }
}

// The one place where SQLite's codes become ours.
[[noreturn]] void fail(sqlite3* database, int code, const std::string& path) {
  const std::string reason = database != nullptr ? sqlite3_errmsg(database) : sqlite3_errstr(code);
  switch (code & 0xFF) {
    case SQLITE_TOOBIG:
      throw Error(ErrorCode::too_large,
                  fmt::format("the job database {} cannot hold that much in one job ({}); pass large inputs by their "
                              "source instead of their content",
                              path, reason));
    case SQLITE_ERROR:
    case SQLITE_MISUSE:
    case SQLITE_RANGE:
    case SQLITE_CONSTRAINT:
    case SQLITE_MISMATCH:
      throw Error(ErrorCode::internal,
                  fmt::format("the job database {} refused a statement ({}); report this", path, reason));
    default:
      throw Error(ErrorCode::unavailable,
                  fmt::format("the job database {} cannot be used ({}); {}", path, reason, remedy_for(code)));
  }
}

void check_code(sqlite3* database, int code, const std::string& path) {
  if (code != SQLITE_OK) fail(database, code, path);
}

void erase_all(std::string& text, std::string_view part) {
  for (auto at = text.find(part); at != std::string::npos; at = text.find(part, at)) text.erase(at, part.size());
}

// SQLite numbers parameters as ?1 ("$1" would be a name, counted by when it comes first), and locks no rows: who
// writes has the whole file.
std::string for_sqlite(std::string_view sql) {
  std::string text(sql);
  std::replace(text.begin(), text.end(), '$', '?');
  erase_all(text, " FOR UPDATE SKIP LOCKED");
  erase_all(text, " FOR UPDATE");
  return text;
}

// clock_us(): SQLite 3.40 itself tells milliseconds only.
void tell_time(sqlite3_context* context, int, sqlite3_value**) {
  const auto now = std::chrono::system_clock::now().time_since_epoch();
  sqlite3_result_int64(context, std::chrono::duration_cast<std::chrono::microseconds>(now).count());
}

// lock_owner(): who writes has the whole file.
void lock_nothing(sqlite3_context* context, int, sqlite3_value**) { sqlite3_result_null(context); }

void add_function(sqlite3* database, const char* name, int parameters,
                  void (*function)(sqlite3_context*, int, sqlite3_value**), const std::string& path) {
  check_code(
      database,
      sqlite3_create_function_v2(database, name, parameters, SQLITE_UTF8, nullptr, function, nullptr, nullptr, nullptr),
      path);
}

}  // namespace

SqliteStatement::SqliteStatement(sqlite3* database, sqlite3_stmt* statement, const std::string& path) noexcept
    : database_(database), statement_(statement), path_(path) {}

SqliteStatement::~SqliteStatement() {
  sqlite3_reset(statement_);
  sqlite3_clear_bindings(statement_);
}

SqliteStatement& SqliteStatement::bind(std::int64_t value) {
  check_code(database_, sqlite3_bind_int64(statement_, ++bound_, value), path_);
  return *this;
}

SqliteStatement& SqliteStatement::bind(std::string_view text) {
  // A null pointer would bind NULL, not an empty text.
  const char* data = text.data() == nullptr ? "" : text.data();
  check_code(database_, sqlite3_bind_text64(statement_, ++bound_, data, text.size(), SQLITE_STATIC, SQLITE_UTF8),
             path_);
  return *this;
}

SqliteStatement& SqliteStatement::bind_blob(std::string_view bytes) {
  const char* data = bytes.data() == nullptr ? "" : bytes.data();
  check_code(database_, sqlite3_bind_blob64(statement_, ++bound_, data, bytes.size(), SQLITE_STATIC), path_);
  return *this;
}

bool SqliteStatement::step() {
  const int code = sqlite3_step(statement_);
  if (code == SQLITE_ROW) return true;
  if (code == SQLITE_DONE) return false;
  fail(database_, code, path_);
}

void SqliteStatement::run() {
  while (step()) {
  }
}

int SqliteStatement::columns() const { return sqlite3_column_count(statement_); }

std::int64_t SqliteStatement::integer(int column) const { return sqlite3_column_int64(statement_, column); }

std::string SqliteStatement::bytes(int column) const {
  const void* data = sqlite3_column_blob(statement_, column);
  const int size = sqlite3_column_bytes(statement_, column);
  return data == nullptr ? std::string() : std::string(static_cast<const char*>(data), static_cast<std::size_t>(size));
}

bool SqliteStatement::is_null(int column) const { return sqlite3_column_type(statement_, column) == SQLITE_NULL; }

bool SqliteStatement::is_integer(int column) const { return sqlite3_column_type(statement_, column) == SQLITE_INTEGER; }

SqliteConnection::SqliteConnection(const std::string& path) : path_(path) {
  sqlite3* opened = nullptr;
  const int flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE;
  const int code = sqlite3_open_v2(path.c_str(), &opened, flags, nullptr);
  database_.reset(opened);
  check_code(opened, code, path_);
  check_code(opened, sqlite3_busy_timeout(opened, busy_timeout_ms), path_);
  add_function(opened, "clock_us", 0, tell_time, path_);
  add_function(opened, "lock_owner", 1, lock_nothing, path_);
  // SQLite opens for reading what it may not write, and would say so only at the first change.
  if (sqlite3_db_readonly(opened, "main") != 0) fail(nullptr, SQLITE_READONLY, path_);
}

SqliteStatement SqliteConnection::statement(std::string_view sql) {
  auto found = statements_.find(sql);
  if (found == statements_.end()) {
    sqlite3_stmt* prepared = nullptr;
    const std::string text = for_sqlite(sql);
    const int code = sqlite3_prepare_v3(database_.get(), text.data(), static_cast<int>(text.size()),
                                        SQLITE_PREPARE_PERSISTENT, &prepared, nullptr);
    check_code(database_.get(), code, path_);
    found = statements_.emplace(std::string(sql), prepared).first;
  }
  return SqliteStatement(database_.get(), found->second.get(), path_);
}

void SqliteConnection::run(const char* sql) {
  check_code(database_.get(), sqlite3_exec(database_.get(), sql, nullptr, nullptr, nullptr), path_);
}

std::int64_t SqliteConnection::integer(std::string_view sql) {
  SqliteStatement query = statement(sql);
  return query.step() ? query.integer(0) : 0;
}

void SqliteConnection::CloseDatabase::operator()(sqlite3* database) const noexcept { sqlite3_close_v2(database); }

void SqliteConnection::FinalizeStatement::operator()(sqlite3_stmt* statement) const noexcept {
  sqlite3_finalize(statement);
}

SqliteTransaction::SqliteTransaction(SqliteConnection& connection) : connection_(connection) {
  connection_.statement("BEGIN IMMEDIATE").run();
}

SqliteTransaction::~SqliteTransaction() {
  if (!is_open_) return;
  try {
    connection_.statement("ROLLBACK").run();
  } catch (const Error&) {
    // SQLite has rolled back by itself after an error that left it no choice.
  }
}

void SqliteTransaction::commit() {
  connection_.statement("COMMIT").run();
  is_open_ = false;
}

}  // namespace pysandbox
