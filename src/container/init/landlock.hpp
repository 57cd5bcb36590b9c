// A second guard over files, sockets and signals, in case a mount is not what it should be.
#pragma once

namespace pysandbox::container::init {

// The version of Landlock that this kernel has; 0 if none.
int landlock_abi() noexcept;

// Read and execute everywhere, write only where the program may; no TCP, no
// abstract socket and no signal to outside. Does nothing on a kernel without Landlock: the
// result says so.
void restrict_with_landlock(int abi) noexcept;

}  // namespace pysandbox::container::init
