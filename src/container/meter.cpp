#include "container/meter.hpp"

namespace pysandbox::container {

Reading CgroupMeter::read() {
  return {
      .processes = cgroup_.processes_now(), .cpu_time = cgroup_.cpu_time(), .out_of_memory = cgroup_.oom_kills() > 0};
}

// At counters that raise no event.
std::chrono::milliseconds CgroupMeter::interval() const noexcept { return std::chrono::milliseconds(100); }

Reading TreeMeter::read() {
  const TreeUse use = tree_.measure();
  return {use.processes, use.memory_bytes, use.cpu_time, use.memory_bytes > memory_limit_};
}

std::chrono::milliseconds TreeMeter::interval() const noexcept { return std::chrono::milliseconds(20); }

}  // namespace pysandbox::container
