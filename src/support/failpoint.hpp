// Places at which a test can end the process with SIGKILL, to see what a crash there leaves behind.
#pragma once

namespace pysandbox {

#ifdef PYSANDBOX_FAILPOINTS
// The variable PYSANDBOX_FAILPOINT holds "name:N": the N-th pass through the place of that name ends the process.
void failpoint(const char* name);
#else
inline void failpoint(const char*) {}
#endif

}  // namespace pysandbox
