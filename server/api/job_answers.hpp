// Jobs as clients see them.
#pragma once

#include <boost/json/object.hpp>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <pysandbox/job.hpp>

namespace pysandbox::api {

bool has_ended(const Job& job) noexcept;

// {"job_id", "status", "message"}, and `warnings` if there are any.
boost::json::object submission_answer(const Job& job, std::string_view message,
                                      const std::vector<std::string>& warnings);

// `position` in the queue, if it is known.
boost::json::object status_answer(const Job& job, std::optional<std::uint64_t> position);

// Of a job that has ended. `artifacts` are those that can still be had; `warnings` come before those of the run.
boost::json::object results_answer(const Job& job, const std::vector<Artifact>& artifacts,
                                   const std::vector<std::string>& warnings = {});

// {"id", "filename", "content_type", "size", "path", "sha256", "url"}
boost::json::object artifact_answer(const JobId& job, const Artifact& artifact);

}  // namespace pysandbox::api
