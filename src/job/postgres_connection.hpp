// One connection to PostgreSQL, and what its errors mean.
#pragma once

#include <pqxx/pqxx>

#include <exception>
#include <map>
#include <memory>
#include <string>
#include <string_view>

#include "job/postgres_url.hpp"
#include "job/sql_database.hpp"

namespace pysandbox {

inline constexpr const char* postgres_schema = "pysandbox";

// Not for two threads at once.
class PostgresConnection {
 public:
  // Connects. Throws Error{unavailable} if that is not possible.
  explicit PostgresConnection(const PostgresUrl& url);

  pqxx::connection& raw() noexcept { return *connection_; }

  // The name of a statement that is parsed once and kept.
  const std::string& prepared(std::string_view sql);

 private:
  std::unique_ptr<pqxx::connection> connection_;
  std::unique_ptr<pqxx::quiet_errorhandler> quiet_;  // else the server's notices go to stderr
  std::map<std::string, std::string, std::less<>> names_;
};

// Throws what libpqxx throws: postgres_error() says what that means.
class PostgresSession final : public SqlSession {
 public:
  PostgresSession(PostgresConnection& connection, pqxx::transaction_base& transaction)
      : connection_(connection), transaction_(transaction) {}

  using SqlSession::run;
  std::vector<SqlRow> run(std::string_view sql, std::span<const SqlParameter> parameters) override;

 private:
  PostgresConnection& connection_;
  pqxx::transaction_base& transaction_;
};

// The one place where libpqxx's exceptions become ours; others are thrown again as they are.
[[noreturn]] void throw_postgres_error(const std::exception_ptr& error, const PostgresUrl& url);

enum class PostgresFailure {
  connection_lost,  // or the server is about to go; nothing is done
  undone,           // a deadlock, for example; nothing is done
  other,
};
PostgresFailure failure_of(const std::exception_ptr& error);

}  // namespace pysandbox
