// What the block "# /// script" of a program asks for, taken into a request.
#pragma once

#include <pysandbox/container_runner.hpp>
#include <pysandbox/job.hpp>

namespace pysandbox::cli {

// Adds its dependencies to the packages. Throws Error{invalid_request} if the interpreter's version is not what it
// requires; to know that version, the interpreter is asked in a container of `runner`.
void take_script_needs(JobRequest& request, ContainerRunner& runner);

}  // namespace pysandbox::cli
