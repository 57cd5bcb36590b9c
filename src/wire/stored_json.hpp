// How a store keeps requests and results as text: in the wire format, but not one byte changed.
//
// What was accepted once is read back without check_request(). Limits keep their ranges, though: whoever
// narrows one has to see to the jobs that are stored.
#pragma once

#include <string>
#include <string_view>

#include <pysandbox/job.hpp>
#include <pysandbox/result.hpp>

namespace pysandbox {

// Without stdout and stderr: those are large and of any bytes, so they belong beside the text.
std::string to_stored_json(const RunResult& result);
std::string to_stored_json(const JobRequest& request);

// Throw Error{unavailable} for text that the functions above did not write.
RunResult parse_stored_result(std::string_view text);
JobRequest parse_stored_request(std::string_view text);

}  // namespace pysandbox
