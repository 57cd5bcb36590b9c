// The packages of an environment, read-only in /environment.
#pragma once

namespace pysandbox::container::init {

// A detached copy of the host's `directory`, opened while the host's names still mean what the host means by them; -1
// for "".
int open_environment(const char* directory) noexcept;

// Shows what open_environment() returned; nothing for -1.
void mount_environment(int tree) noexcept;

}  // namespace pysandbox::container::init
