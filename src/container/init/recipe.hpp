// How a container is built, by whoever is its pid 1: pysandbox-init, or a process that was forked from a zygote.
#pragma once

#include "container/launch_plan.hpp"

namespace pysandbox::container::init {

// The host's first message, and the descriptors that came with it.
struct Plan {
  ContainerPlan what;
  int host;  // a pidfd
  int cgroup_files[maximum_cgroup_files];
};

Plan receive_plan() noexcept;

struct Built {
  int workspace;   // the writable file system
  int accounting;  // /proc/self/io, or -1
};

// THE RECIPE, as far as it needs no program. Tells the host when it is done.
Built build_container(const ContainerPlan& plan) noexcept;

}  // namespace pysandbox::container::init
