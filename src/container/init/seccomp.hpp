// Loads the system-call filter that was compiled with this program, and tries it.
#pragma once

namespace pysandbox::container::init {

void load_seccomp() noexcept;

// Makes calls that must be refused now. A filter that lets one through ends the container.
void verify_seccomp() noexcept;

}  // namespace pysandbox::container::init
