// SqlDatabase: the little that SqlJobStore needs of a database.
//
// Statements are written once, in PostgreSQL's words, as constants of the program. clock_us() in them is the
// database's clock: microseconds since 1970. lock_owner(name) makes other transactions that say the same wait. What
// another database says differently, its SqlSession translates.
#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include <pysandbox/job_store.hpp>

namespace pysandbox {

// Bytes that are no text.
struct SqlBytes {
  std::string_view bytes;
};

// A parameter, $1 and so on: what it refers to must outlive the call. Text is UTF-8 without NUL.
using SqlParameter = std::variant<std::int64_t, std::string_view, SqlBytes>;

// A row whose values are taken one after the other, from the first column on.
class PYSANDBOX_EXPORT SqlRow {
 public:
  using Value = std::variant<std::monostate, std::int64_t, std::string>;

  explicit SqlRow(std::vector<Value> values) : values_(std::move(values)) {}

  std::int64_t integer();
  std::optional<std::int64_t> optional_integer();
  std::string bytes();  // text, too
  std::optional<std::string> optional_bytes();

 private:
  std::vector<Value> values_;
  std::size_t taken_ = 0;
};

// A connection while it is used, by one thread.
class PYSANDBOX_EXPORT SqlSession {
 public:
  virtual ~SqlSession() = default;

  // Throws Error: unavailable if the database cannot be used now, too_large for what it cannot hold.
  virtual std::vector<SqlRow> run(std::string_view sql, std::span<const SqlParameter> parameters) = 0;

  template <class... Values>
  std::vector<SqlRow> run(std::string_view sql, const Values&... values) {
    const std::array<SqlParameter, sizeof...(Values)> parameters{SqlParameter(values)...};
    return run(sql, std::span<const SqlParameter>(parameters));
  }

  // Listeners are told of `id` once what this session does is committed.
  void note(const JobId& id) { noted_.push_back(id); }
  const std::vector<JobId>& noted() const noexcept { return noted_; }

 private:
  std::vector<JobId> noted_;
};

class PYSANDBOX_EXPORT SqlDatabase {
 public:
  // May be done twice, if the first time is undone.
  using Work = std::function<void(SqlSession&)>;

  virtual ~SqlDatabase() = default;

  // Does `work` in a transaction: all of it is durable when this returns, nothing is done if it throws.
  virtual void change(const Work& work) = 0;

  // Does `work`, which only reads, while others may change what is read between two statements.
  virtual void look(const Work& work) = 0;

  virtual std::unique_ptr<JobSubscription> subscribe(JobListener listener) = 0;
};

}  // namespace pysandbox
