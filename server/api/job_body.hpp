// The body of POST /api/jobs: JSON text to what is to be run.
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <pysandbox/job.hpp>

#include "api/api_limits.hpp"

namespace pysandbox::api {

// An uploaded file that the request names, to be looked up: whether it is there, and the caller's own.
struct UploadReference {
  std::string field;  // "data_urls[0]"
  std::string file_id;
  std::string sha256;  // what it must be; empty for anything
};

struct JobBody {
  JobRequest request{};  // as check_request() wants it; InputFile::source is always empty
  Submission submission{};
  std::vector<UploadReference> uploads{};
  std::optional<std::chrono::milliseconds> wait{};  // zero: do not
  std::vector<std::string> warnings{};              // sentences: what was ignored
};

// Throws a Refusal with all fields that are wrong; Error as check_request() does for what can only be seen as a whole.
JobBody parse_job_body(std::string_view text, const ApiLimits& limits);

}  // namespace pysandbox::api
