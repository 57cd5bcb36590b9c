#include "job/postgres_connection.hpp"

#include <fmt/format.h>

#include <iterator>
#include <utility>

#include <pysandbox/error.hpp>

namespace pysandbox {
namespace {

// Types of columns, as in PostgreSQL's catalog/pg_type.dat. Others come as text.
enum Oid : pqxx::oid { oid_bytea = 17, oid_int8 = 20, oid_int4 = 23 };

// What each connection begins with. A commit that is not on the disk is none, whatever the server's default, and
// nobody waits for ever: neither for a lock nor for a process that has been stopped while it held one.
constexpr const char* settings = R"sql(
  SET search_path = pysandbox;
  SET client_encoding = 'UTF8';
  SET statement_timeout = '15s';
  SET lock_timeout = '10s';
  SET idle_in_transaction_session_timeout = '30s';
  SELECT set_config('synchronous_commit', 'on', false) WHERE current_setting('synchronous_commit') = 'off';
)sql";

// PostgreSQL's binary format of 64 bits: the highest byte first.
pqxx::binarystring to_binary(std::int64_t number) {
  unsigned char bytes[sizeof number];
  for (std::size_t index = 0; index < sizeof number; ++index) {
    bytes[index] = static_cast<unsigned char>(static_cast<std::uint64_t>(number) >> (8 * (sizeof number - 1 - index)));
  }
  return pqxx::binarystring(bytes, sizeof bytes);
}

pqxx::binarystring to_binary(std::string_view text) { return pqxx::binarystring(text.data(), text.size()); }

pqxx::binarystring to_binary(SqlBytes value) { return to_binary(value.bytes); }

SqlRow::Value read_field(const pqxx::field& field, pqxx::oid type) {
  if (field.is_null()) return {};
  switch (type) {
    case oid_int8:
    case oid_int4:
      return field.as<std::int64_t>();
    case oid_bytea:
      return pqxx::binarystring(field).str();
    default:
      return std::string(field.c_str(), field.size());
  }
}

std::string_view remedy_for(std::string_view state) {
  if (state == "42501") return "grant its user the right, or name another user";
  if (state == "57014" || state == "55P03") return "something else holds it up, so try again";
  if (state.starts_with("53")) return "give the server more disk, memory or connections";
  if (state == "25006") return "it takes no changes, so name the primary server";
  return "try again";
}

// libpqxx 6 leaves the code out of some of the exceptions that have a type of their own.
std::string state_of(const pqxx::sql_error& error) {
  if (!error.sqlstate().empty()) return error.sqlstate();
  if (dynamic_cast<const pqxx::insufficient_privilege*>(&error) != nullptr) return "42501";
  if (dynamic_cast<const pqxx::insufficient_resources*>(&error) != nullptr) return "53000";
  return "";
}

// Classes of errors: PostgreSQL's documentation, appendix A.
bool is_about_now(std::string_view state) {
  return state == "42501" || state == "25006" || state == "55P03" || state.starts_with("08") ||
         state.starts_with("40") || state.starts_with("53") || state.starts_with("57") || state.starts_with("58");
}

}  // namespace

PostgresConnection::PostgresConnection(const PostgresUrl& url) try
    : connection_(std::make_unique<pqxx::connection>(url.connection_string())),
      quiet_(std::make_unique<pqxx::quiet_errorhandler>(*connection_)) {
  // What libpqxx 6 would restore behind our back is not all that belongs to a connection of ours.
  connection_->inhibit_reactivation(true);
  pqxx::nontransaction(*connection_).exec(settings);
} catch (...) {
  throw_postgres_error(std::current_exception(), url);
}

const std::string& PostgresConnection::prepared(std::string_view sql) {
  auto found = names_.find(sql);
  if (found == names_.end()) {
    const std::string name = fmt::format("statement_{}", names_.size());
    connection_->prepare(name, std::string(sql));
    found = names_.emplace(std::string(sql), name).first;
  }
  return found->second;
}

std::vector<SqlRow> PostgresSession::run(std::string_view sql, std::span<const SqlParameter> parameters) {
  std::vector<pqxx::binarystring> values;
  values.reserve(parameters.size());
  for (const SqlParameter& parameter : parameters) {
    values.push_back(std::visit([](const auto& value) { return to_binary(value); }, parameter));
  }
  const pqxx::result result =
      transaction_.exec_prepared(connection_.prepared(sql), pqxx::prepare::make_dynamic_params(values));
  std::vector<SqlRow> rows;
  rows.reserve(result.size());
  for (const pqxx::row& row : result) {
    std::vector<SqlRow::Value> fields;
    fields.reserve(row.size());
    for (const pqxx::field& field : row) fields.push_back(read_field(field, field.type()));
    rows.emplace_back(std::move(fields));
  }
  return rows;
}

void throw_postgres_error(const std::exception_ptr& error, const PostgresUrl& url) {
  const auto unavailable = [&](std::string_view reason, std::string_view remedy) {
    return Error(ErrorCode::unavailable, url.without_secrets(fmt::format("the job database {} cannot be used ({}); {}",
                                                                         url.shown(), reason, remedy)));
  };
  const Error in_doubt =
      unavailable("the connection was lost while a change was committed", "look whether it is done, or ask again");
  try {
    std::rethrow_exception(error);
  } catch (const pqxx::in_doubt_error&) {
    throw in_doubt;
  } catch (const pqxx::statement_completion_unknown&) {
    throw in_doubt;
  } catch (const pqxx::transaction_rollback& undone) {
    throw unavailable(undone.what(), "others changed the same, so try again");
  } catch (const pqxx::broken_connection& lost) {
    throw unavailable(lost.what(), "see that the server runs and takes this user");
  } catch (const pqxx::sql_error& refused) {
    const std::string state = state_of(refused);
    if (is_about_now(state)) throw unavailable(refused.what(), remedy_for(state));
    if (state.starts_with("54")) {
      throw Error(ErrorCode::too_large,
                  fmt::format("the job database cannot hold that much in one job ({}); pass large inputs by their "
                              "source instead of their content",
                              url.without_secrets(refused.what())));
    }
    throw Error(ErrorCode::internal,
                url.without_secrets(fmt::format("the job database {} refused a statement ({}, {}); report this",
                                                url.shown(), refused.what(), state)));
  } catch (const pqxx::pqxx_exception& failure) {
    throw Error(ErrorCode::internal, url.without_secrets(fmt::format(
                                         "libpqxx was used in a wrong way ({}); report this", failure.base().what())));
  }
}

PostgresFailure failure_of(const std::exception_ptr& error) {
  try {
    std::rethrow_exception(error);
  } catch (const pqxx::statement_completion_unknown&) {
    return PostgresFailure::other;
  } catch (const pqxx::transaction_rollback&) {
    return PostgresFailure::undone;
  } catch (const pqxx::broken_connection&) {
    return PostgresFailure::connection_lost;
  } catch (const pqxx::sql_error& refused) {
    const bool is_lost = refused.sqlstate().starts_with("57P") || refused.sqlstate().starts_with("08");
    return is_lost ? PostgresFailure::connection_lost : PostgresFailure::other;
  } catch (...) {
    return PostgresFailure::other;
  }
}

}  // namespace pysandbox
