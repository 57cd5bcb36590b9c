#include "job/sqlite_database.hpp"

#include <chrono>
#include <condition_variable>
#include <mutex>
#include <stop_token>
#include <thread>

#include <pysandbox/error.hpp>

#include "job/listeners.hpp"
#include "job/sqlite_connection.hpp"
#include "job/sqlite_schema.hpp"

namespace pysandbox {
namespace {

// How often other processes' changes are looked for: JobStore promises a second.
constexpr std::chrono::milliseconds watch_interval{250};

class SqliteSession final : public SqlSession {
 public:
  explicit SqliteSession(SqliteConnection& connection) : connection_(connection) {}

  std::vector<SqlRow> run(std::string_view sql, std::span<const SqlParameter> parameters) override {
    SqliteStatement statement = connection_.statement(sql);
    for (const SqlParameter& parameter : parameters) {
      std::visit([&](const auto& value) { bind(statement, value); }, parameter);
    }
    std::vector<SqlRow> rows;
    while (statement.step()) rows.push_back(read(statement));
    return rows;
  }

 private:
  static void bind(SqliteStatement& statement, std::int64_t value) { statement.bind(value); }
  static void bind(SqliteStatement& statement, std::string_view text) { statement.bind(text); }
  static void bind(SqliteStatement& statement, SqlBytes value) { statement.bind_blob(value.bytes); }

  static SqlRow read(const SqliteStatement& statement) {
    std::vector<SqlRow::Value> values;
    for (int column = 0; column < statement.columns(); ++column) {
      if (statement.is_null(column)) {
        values.emplace_back();
      } else if (statement.is_integer(column)) {
        values.emplace_back(statement.integer(column));
      } else {
        values.emplace_back(statement.bytes(column));
      }
    }
    return SqlRow(std::move(values));
  }

  SqliteConnection& connection_;
};

// Two connections, so that nobody who only reads waits for a commit.
class SqliteDatabase final : public SqlDatabase {
 public:
  explicit SqliteDatabase(const std::string& path) : writer_(path), reader_(path) {
    prepare_schema(writer_);
    prepare_reading(reader_);
  }

  void change(const Work& work) override {
    SqliteSession session(writer_);
    {
      const std::lock_guard lock(writing_);
      SqliteTransaction transaction(writer_);
      work(session);
      transaction.commit();
    }
    listeners_.call(session.noted());
  }

  void look(const Work& work) override {
    const std::lock_guard lock(reading_);
    SqliteSession session(reader_);
    work(session);
  }

  std::unique_ptr<JobSubscription> subscribe(JobListener listener) override {
    auto subscription = listeners_.subscribe(std::move(listener));
    const std::lock_guard lock(watching_);
    if (!watch_.joinable()) {
      watch_ = std::jthread([this, version = data_version()](const std::stop_token& stop) { watch(stop, version); });
    }
    return subscription;
  }

 private:
  // Changes whenever another connection has changed the file: those of other processes, since nobody else here writes.
  std::int64_t data_version() {
    const std::lock_guard lock(writing_);
    return writer_.integer("PRAGMA data_version");
  }

  void watch(const std::stop_token& stop, std::int64_t seen) {
    std::mutex mutex;
    std::condition_variable_any stopped;
    std::unique_lock lock(mutex);
    while (!stopped.wait_for(lock, stop, watch_interval, [&] { return stop.stop_requested(); })) {
      try {
        const std::int64_t version = data_version();
        if (version != seen) listeners_.call(JobId());
        seen = version;
      } catch (const Error&) {
        listeners_.call(JobId());  // what has happened can not be told
      }
    }
  }

  std::mutex writing_;  // guards the next one
  SqliteConnection writer_;
  std::mutex reading_;  // guards the next one
  SqliteConnection reader_;
  const Listeners listeners_;
  std::mutex watching_;  // guards the next one
  std::jthread watch_;   // uses all above
};

}  // namespace

std::unique_ptr<SqlDatabase> open_sqlite_database(const std::string& path) {
  return std::make_unique<SqliteDatabase>(path);
}

}  // namespace pysandbox
