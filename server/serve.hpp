// Serving, from the first look at the host to the last answer.
#pragma once

#include "settings/settings.hpp"

namespace pysandbox::server {

// Returns the exit code once a signal has ended it in order. Throws Error for what keeps it from starting.
int serve(const Settings& settings);

}  // namespace pysandbox::server
