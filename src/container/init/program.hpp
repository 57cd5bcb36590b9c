// The program: pid 2. Takes the last steps itself, then becomes the interpreter.
#pragma once

#include <sys/types.h>

#include "container/launch_plan.hpp"

namespace pysandbox::container::init {

struct Guest {
  pid_t pid;
};

struct Received {
  ProgramPlan plan;
  int streams[3];
  int cgroup_files[maximum_cgroup_files];
  char** arguments;
  char** variables;
};

// Waits for the host's program; ends the container in peace if none comes.
Received receive_program(int host) noexcept;

// SIGCHLD is blocked on return.
Guest start_program(const Received& received) noexcept;

}  // namespace pysandbox::container::init
