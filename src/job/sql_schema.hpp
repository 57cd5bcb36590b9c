// The tables in which jobs are kept, whatever the database.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include <pysandbox/export.hpp>

namespace pysandbox {

// 1: SQLite only, no submissions and no logs.
inline constexpr std::int64_t sql_schema_version = 2;

// How a database writes what the tables need.
struct SqlWords {
  std::string_view integer;  // 64 bits
  std::string_view bytes;
  std::string_view row_number;  // of a new row: unique, and higher than that of those before
  std::string_view end;         // behind the closing parenthesis of a table
};

// Statements that make the tables; separated by ';'.
PYSANDBOX_EXPORT std::string sql_job_tables(const SqlWords& words);       // jobs and events
PYSANDBOX_EXPORT std::string sql_document_tables(const SqlWords& words);  // requests and results

}  // namespace pysandbox
