// `pysandbox submit`.
#pragma once

#include "command_line.hpp"

namespace pysandbox::cli {

// Returns the exit code: with --wait that of the program. Throws Error for what is pysandbox's own failure.
int submit(const SubmitCommand& command);

}  // namespace pysandbox::cli
