// What pid 1 does while the program runs and after.
#pragma once

#include <cstdint>
#include <optional>

#include "container/init/program.hpp"

namespace pysandbox::container::init {

// What the reaper listens and reads from, and how long it waits for the host to end a program.
struct Watched {
  int control;
  int host;        // a pidfd
  int accounting;  // /proc/self/io, or -1
  unsigned long long last_resort_milliseconds;
};

// Who was reaped: the program, with what waitpid(2) says of it, and how many others in the same round.
struct Dead {
  std::optional<int> program_status;
  std::uint32_t others = 0;
};

// Reaps whoever is dead. In the moment in which the program is dead its children are ours, the dead among them too: these
// died with it, and so are told from those that went before.
Dead reap(pid_t program) noexcept;

// What the host wants done to the program.
void carry_out(Order order, pid_t program) noexcept;

// Kills whatever is alive but pid 1, and waits; how many there were.
std::uint32_t kill_leftovers() noexcept;

// What the dead used together; `accounting` as in Watched.
void add_accounting(Report& report, int accounting) noexcept;

unsigned long long milliseconds_now() noexcept;
int milliseconds_until(unsigned long long deadline) noexcept;  // for poll(2)

// Reaps, passes the host's orders on, and when the program has ended kills what it left, waits until all are dead,
// and tells the host. If the host goes away everything ends; if it forgets the time limit, everything ends a little
// later.
[[noreturn]] void bury(const Guest& guest, const Watched& watched) noexcept;

}  // namespace pysandbox::container::init
