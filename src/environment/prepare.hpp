// Makes a request ready to run.
#pragma once

#include <pysandbox/container_runner.hpp>
#include <pysandbox/job.hpp>

namespace pysandbox {

// Checks the request and every file on this host that it names. Throws as check_request() does; besides
// Error{not_found} or Error{invalid_request} for a source that cannot be used, Error{too_large} for inputs over
// maximum_input_bytes. Sources stay names: the container reads them.
Program prepare(const JobRequest& request);

}  // namespace pysandbox
