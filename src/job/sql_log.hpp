// A job's log as SQL; job_log.hpp says what of it is kept.
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

#include <pysandbox/job.hpp>

#include "job/sql_database.hpp"

namespace pysandbox {

// Adds one event. The job's row must be locked, so that no two get the same number.
void keep_status(SqlSession& session, std::int64_t sequence, JobState state, std::uint32_t attempt);
void keep_output(SqlSession& session, std::int64_t sequence, std::uint32_t attempt, std::int64_t token, Stream stream,
                 std::string_view text);
void keep_progress(SqlSession& session, std::int64_t sequence, std::uint32_t attempt, std::string_view sentence);

// As JobStore::events().
std::vector<JobEvent> read_events(SqlSession& session, const JobId& id, std::uint64_t after, std::size_t limit);

}  // namespace pysandbox
