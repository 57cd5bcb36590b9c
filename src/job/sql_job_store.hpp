// A JobStore over a database that speaks SQL.
#pragma once

#include <memory>

#include <pysandbox/job_store.hpp>

#include "job/sql_database.hpp"

namespace pysandbox {

PYSANDBOX_EXPORT std::unique_ptr<JobStore> make_sql_job_store(std::unique_ptr<SqlDatabase> database,
                                                              const JobStoreOptions& options);

}  // namespace pysandbox
