// What pid 1 does while the program runs and after.
#pragma once

#include "container/init/program.hpp"

namespace pysandbox::container::init {

// What the reaper listens and reads from, and how long it waits for the host to end a program.
struct Watched {
  int control;
  int host;        // a pidfd
  int accounting;  // /proc/self/io, or -1
  unsigned long long last_resort_milliseconds;
};

// Reaps, passes the host's orders on, and when the program has ended kills what it left, waits until all are dead,
// and tells the host. If the host goes away everything ends; if it forgets the time limit, everything ends a little
// later.
[[noreturn]] void bury(const Guest& guest, const Watched& watched) noexcept;

}  // namespace pysandbox::container::init
