// What pid 1 does while the program runs and after.
#pragma once

#include "container/init/program.hpp"

namespace pysandbox::container::init {

// Reaps, passes the host's orders on, and when the program has ended kills what it left, waits
// until all are dead, and tells the host. If the host goes away everything ends.
[[noreturn]] void bury(const Guest& guest, int accounting) noexcept;

}  // namespace pysandbox::container::init
