// Where a job runs on this host: its slot, and its cgroup.
#pragma once

#include <memory>

#include <pysandbox/limits.hpp>

#include "container/cgroup.hpp"
#include "container/slot.hpp"

namespace pysandbox::container {

// A place for a job and what the kernel keeps for it.
struct Place {
  Slot slot;
  std::unique_ptr<Cgroup> cgroup;
};

// The lowest that is free. A slot of a table that others do not share can be somebody's by its cgroup: then it is not
// ours.
Place take_place(const SlotTable& slots, CgroupTree* cgroups, const Limits& limits);

}  // namespace pysandbox::container
