// The program: pid 2. Takes the last steps itself, then becomes the interpreter.
#pragma once

#include <sys/types.h>

namespace pysandbox::container::init {

struct Guest {
  pid_t pid;
  int landlock_abi;
};

// Waits for the host's program and starts it. SIGCHLD is blocked on return.
Guest start_program() noexcept;

}  // namespace pysandbox::container::init
