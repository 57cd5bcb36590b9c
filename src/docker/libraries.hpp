// libcurl and libarchive, before the first call of either.
#pragma once

namespace pysandbox::docker {

// In pysandbox::docker they are linked, and this does nothing. In the command line, which seldom needs them and would
// pay milliseconds for them at every start, it loads them: each function is a jump to where this found it
// (late_functions.S). Throws Error{sandbox_unavailable} if they cannot be had.
void load_libraries();

}  // namespace pysandbox::docker
