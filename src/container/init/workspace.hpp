// Everything that the program may write: one tmpfs with one quota, shown in several places.
#pragma once

#include "container/launch_plan.hpp"

namespace pysandbox::container::init {

// Its directories, as the host finds them below the descriptor:
//   workspace  /workspace  the program's working directory
//   data       /data       the inputs, read-only
//   tmp, shm   /tmp, /dev/shm
//   report     /run/pysandbox/report, a file of a fixed size, there even when the disk is full
//
// Returns a descriptor of the whole, for the host.
int mount_workspace(const ContainerPlan& plan) noexcept;

// For a container that was built before it was known what its program may use.
void set_workspace_quota(int workspace, unsigned long long bytes, unsigned long long inodes) noexcept;

}  // namespace pysandbox::container::init
