// `pysandbox run`.
#pragma once

#include "command_line.hpp"

namespace pysandbox::cli {

// Returns the exit code. Throws Error for what is pysandbox's own failure.
int run(const RunCommand& command);

}  // namespace pysandbox::cli
