// SQLite's C interface with owners and Errors.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

// As in sqlite3.h, so that nobody else has to include it.
struct sqlite3;
struct sqlite3_stmt;

namespace pysandbox {

// One statement while it is used; its destructor makes it ready for the next user.
class SqliteStatement {
 public:
  SqliteStatement(sqlite3* database, sqlite3_stmt* statement, const std::string& path) noexcept;
  ~SqliteStatement();
  SqliteStatement(const SqliteStatement&) = delete;
  SqliteStatement& operator=(const SqliteStatement&) = delete;

  // Parameters are filled in from the first to the last. Text and blobs must outlive the last step().
  SqliteStatement& bind(std::int64_t value);
  SqliteStatement& bind(std::string_view text);
  SqliteStatement& bind_blob(std::string_view bytes);

  // True if there is a row, false at the end.
  bool step();

  // For statements without rows.
  void run();

  // Columns of the row, counted from zero.
  int columns() const;
  std::int64_t integer(int column) const;
  std::string bytes(int column) const;
  bool is_null(int column) const;
  bool is_integer(int column) const;

 private:
  sqlite3* database_;
  sqlite3_stmt* statement_;
  const std::string& path_;
  int bound_ = 0;
};

// One connection to an existing database file. Not for two threads at once. Everything
// throws Error: unavailable if the file cannot be used, too_large for a row that
// SQLite cannot hold.
class SqliteConnection {
 public:
  // Opens the file, to read and to write; a file that can only be read is refused.
  explicit SqliteConnection(const std::string& path);

  const std::string& path() const noexcept { return path_; }

  // `sql` is parsed once and kept, so it should be a constant of the program. It may be written for PostgreSQL: see
  // sql_database.hpp.
  SqliteStatement statement(std::string_view sql);

  // Runs statements that have no parameters and whose rows nobody needs.
  void run(const char* sql);

  // The first column of the first row.
  std::int64_t integer(std::string_view sql);

 private:
  struct CloseDatabase {
    void operator()(sqlite3* database) const noexcept;
  };
  struct FinalizeStatement {
    void operator()(sqlite3_stmt* statement) const noexcept;
  };

  std::string path_;
  std::unique_ptr<sqlite3, CloseDatabase> database_;
  std::map<std::string, std::unique_ptr<sqlite3_stmt, FinalizeStatement>, std::less<>> statements_;
};

// Holds the write lock of the database from the start. Without commit(), all is undone.
class SqliteTransaction {
 public:
  explicit SqliteTransaction(SqliteConnection& connection);
  ~SqliteTransaction();
  SqliteTransaction(const SqliteTransaction&) = delete;
  SqliteTransaction& operator=(const SqliteTransaction&) = delete;

  void commit();

 private:
  SqliteConnection& connection_;
  bool is_open_ = true;
};

}  // namespace pysandbox
