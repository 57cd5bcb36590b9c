// The tables in a SQLite job database, and how to tell such a database from any other file.
#pragma once

#include "job/sqlite_connection.hpp"

namespace pysandbox {

// Makes the tables in an empty database, or brings those of an older pysandbox up to date, and sets the connection up
// for durable writing. A database of somebody else is left as it is. Throws Error{unavailable} for one
// that is not ours and Error{conflict} for one of a newer pysandbox.
void prepare_schema(SqliteConnection& connection);

// For a second connection, behind prepare_schema().
void prepare_reading(SqliteConnection& connection);

}  // namespace pysandbox
