#include "job/postgres_schema.hpp"

#include <fmt/format.h>

#include <pysandbox/error.hpp>

#include "job/sql_schema.hpp"

namespace pysandbox {
namespace {

constexpr int oldest_server = 120000;                     // as libpq counts: 12.0
constexpr std::int64_t lock_number = 0x7079536200000001;  // "pySb", for pg_advisory_xact_lock()

constexpr SqlWords words{
    .integer = "BIGINT", .bytes = "BYTEA", .row_number = "BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY", .end = ""};

// The functions that sql_database.hpp speaks of. The clock is STABLE, so that indexes can be used for what is compared
// with it; it is the statement's time, since a transaction may hold the changes of many.
constexpr const char* functions = R"sql(
  CREATE FUNCTION clock_us() RETURNS BIGINT LANGUAGE sql STABLE PARALLEL SAFE AS
    'SELECT CAST(extract(epoch FROM statement_timestamp()) * 1000000 AS BIGINT)';
  CREATE FUNCTION lock_owner(name TEXT) RETURNS void LANGUAGE sql VOLATILE AS
    'SELECT pg_advisory_xact_lock(hashtextextended($1, 0))';
)sql";

void refuse(const PostgresUrl& url, std::string_view reason) {
  throw Error(ErrorCode::unavailable, fmt::format("the job database {} cannot be used: {}", url.shown(), reason));
}

void check_server(PostgresConnection& connection, pqxx::work& transaction, const PostgresUrl& url) {
  if (connection.raw().server_version() < oldest_server) {
    refuse(url, "its server is older than PostgreSQL 12; update it");
  }
  if (transaction.exec1("SHOW server_encoding")[0].as<std::string>() != "UTF8") {
    refuse(url, "it does not hold UTF-8; make one with ENCODING 'UTF8'");
  }
}

bool is_there(pqxx::work& transaction, const char* question) { return transaction.exec1(question)[0].as<bool>(); }

void create_tables(pqxx::work& transaction, const PostgresUrl& url) {
  if (!is_there(transaction, "SELECT to_regnamespace('pysandbox') IS NOT NULL")) {
    transaction.exec0("CREATE SCHEMA pysandbox");
  }
  if (is_there(transaction, "SELECT EXISTS (SELECT FROM pg_class WHERE relnamespace = to_regnamespace('pysandbox'))")) {
    refuse(url, "its schema pysandbox is in use by another program; name another database");
  }
  transaction.exec(functions);
  transaction.exec(sql_job_tables(words));
  transaction.exec(sql_document_tables(words));
  transaction.exec("CREATE TABLE schema_version (version BIGINT NOT NULL)");
  transaction.exec_params("INSERT INTO schema_version VALUES ($1)", sql_schema_version);
}

}  // namespace

void prepare_schema(PostgresConnection& connection, const PostgresUrl& url) try {
  pqxx::work transaction(connection.raw());
  check_server(connection, transaction, url);
  transaction.exec_params("SELECT pg_advisory_xact_lock($1)", lock_number);
  if (!is_there(transaction, "SELECT to_regclass('pysandbox.schema_version') IS NOT NULL")) {
    create_tables(transaction, url);
  }
  const auto version = transaction.exec1("SELECT version FROM schema_version")[0].as<std::int64_t>();
  if (version < sql_schema_version) refuse(url, "its schema pysandbox is of no pysandbox; name another database");
  if (version > sql_schema_version) {
    throw Error(ErrorCode::conflict,
                fmt::format("a newer pysandbox has written {} (schema {}, this one knows {}); update this pysandbox",
                            url.shown(), version, sql_schema_version));
  }
  transaction.commit();
} catch (...) {
  throw_postgres_error(std::current_exception(), url);
}

}  // namespace pysandbox
