// `pysandbox doctor`.
#pragma once

#include "command_line.hpp"

namespace pysandbox::cli {

// Returns 0 if programs run isolated here, be it with a weaker point that is named, and 1 if not.
int examine(const DoctorCommand& command);

}  // namespace pysandbox::cli
