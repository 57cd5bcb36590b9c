// The watchdog's eyes where no cgroup can be had: what the processes of a job
// use, added up from /proc.
#pragma once

#include <sys/types.h>

#include <chrono>
#include <cstdint>

namespace pysandbox::container {

struct TreeUse {
  std::uint64_t processes = 0;     // and threads
  std::uint64_t memory_bytes = 0;  // proportional: a shared page is counted once
  std::chrono::microseconds cpu_time{0};
};

// Everything below `root`, which itself is left out. Orphans belong to it too, as it is pid 1 of its namespace.
TreeUse measure_tree(pid_t root);

}  // namespace pysandbox::container
