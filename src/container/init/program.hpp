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
  int words;  // a file
  int streams[3];
  int files[maximum_cgroup_files];  // `tasks` files of cgroup v1, then those of a zygote
  char** arguments;                 // once map_words() was there
  char** variables;
};

// Waits for the host's program; ends the container in peace if none comes.
Received receive_program(int host) noexcept;

void map_words(Received& received) noexcept;

// SIGCHLD is blocked on return.
Guest start_program(const Received& received) noexcept;

// The program's last steps, which it takes itself: alone, at the head of a session; the first to be killed when there
// is no memory; within its limits.
void block_deaths() noexcept;
void new_session() noexcept;
void connect_streams(const int (&streams)[3]) noexcept;
void limit_stack() noexcept;  // the same for all programs
void limit_resources(const ProgramPlan& plan) noexcept;
void limit_what_nobody_needs() noexcept;
void die_first_without_memory() noexcept;

}  // namespace pysandbox::container::init
