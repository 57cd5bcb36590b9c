#include "container/place.hpp"

#include <utility>
#include <vector>

namespace pysandbox::container {

Place take_place(const SlotTable& slots, CgroupTree* cgroups, const Limits& limits) {
  if (cgroups == nullptr) return {slots.claim(), nullptr};
  std::vector<Slot> taken;
  for (;;) {
    Slot slot = slots.claim();
    if (auto cgroup = cgroups->make(slot.name(), limits)) return {std::move(slot), std::move(cgroup)};
    taken.push_back(std::move(slot));
  }
}

}  // namespace pysandbox::container
