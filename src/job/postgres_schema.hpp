// The tables in a PostgreSQL database.
#pragma once

#include "job/postgres_connection.hpp"

namespace pysandbox {

// Makes the schema and its tables if they are missing. Several processes may do that at the same time. Throws as
// open_postgres_job_store() does.
void prepare_schema(PostgresConnection& connection, const PostgresUrl& url);

}  // namespace pysandbox
