// What `submit` sends, as JSON.
#pragma once

#include <string>
#include <vector>

#include "command_line.hpp"

namespace pysandbox::cli {

// `words` and `submission` are those of a command, `request` is complete; its inputs name files of the server (file_id)
// and URLs. Limits that the user did not set are the server's to choose. Throws Error for metadata that is not JSON.
std::string submission_body(const RequestWords& words, const JobRequest& request, const Submission& submission);

}  // namespace pysandbox::cli
