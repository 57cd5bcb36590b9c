// A SQLite file as SqlDatabase.
#pragma once

#include <memory>
#include <string>

#include "job/sql_database.hpp"

namespace pysandbox {

// Opens an existing file and brings its tables up to date. Throws as open_sqlite_job_store() does.
std::unique_ptr<SqlDatabase> open_sqlite_database(const std::string& path);

}  // namespace pysandbox
