// Jobs as rows.
#pragma once

#include <string>
#include <string_view>

#include <pysandbox/job_store.hpp>

#include "job/sql_database.hpp"

namespace pysandbox {

// The statement that selects whole jobs; `which` stands behind its FROM.
std::string select_jobs(std::string_view which);

// A row of select_jobs(), with the token of its last claim. Throws Error{unavailable} for what we did not write.
Claim read_job(SqlRow row);

Job::TimePoint read_time(std::int64_t column);
JobState read_state(const std::string& word);

// Whole numbers as a database takes them.
template <class Number>
std::int64_t to_column(Number number) {
  return static_cast<std::int64_t>(number);
}
std::int64_t to_column(std::chrono::microseconds time);

}  // namespace pysandbox
