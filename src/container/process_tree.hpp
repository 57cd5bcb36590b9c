// The watchdog's eyes where no cgroup can be had: what the processes of a job
// use, added up from /proc.
#pragma once

#include <sys/types.h>

#include <chrono>
#include <cstdint>
#include <map>

namespace pysandbox::container {

struct TreeUse {
  std::uint64_t processes = 0;     // and threads
  std::uint64_t memory_bytes = 0;  // proportional: a shared page is counted once
  std::chrono::microseconds cpu_time{0};
};

// Without this kernel feature (CONFIG_PROC_CHILDREN) the watchdog would be blind.
bool can_measure_tree();

// Everything below `root`, which itself is left out. Orphans belong to it too, as it is pid 1 of its namespace.
class ProcessTree {
 public:
  explicit ProcessTree(pid_t root) : root_(root) {}

  // CPU time is that of all processes that were ever seen, also of those that nobody waited for.
  TreeUse measure();

 private:
  pid_t root_;
  std::map<pid_t, std::chrono::microseconds> cpu_times_;
};

}  // namespace pysandbox::container
