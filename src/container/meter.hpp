// What a running job uses, read again and again while it runs.
#pragma once

#include <sys/types.h>

#include <chrono>
#include <cstdint>

#include "container/cgroup.hpp"
#include "container/process_tree.hpp"

namespace pysandbox::container {

struct Reading {
  std::uint64_t processes = 0;     // and threads
  std::uint64_t memory_bytes = 0;  // zero if the kernel keeps that limit
  std::chrono::microseconds cpu_time{0};
  bool out_of_memory = false;
};

class Meter {
 public:
  virtual ~Meter() = default;

  virtual Reading read() = 0;
  virtual std::chrono::milliseconds interval() const noexcept = 0;  // between two looks
};

// The kernel's account. v1 kills one process when there is no memory; a job without one of its processes is of no use
// to anybody.
class CgroupMeter final : public Meter {
 public:
  explicit CgroupMeter(const Cgroup& cgroup) : cgroup_(cgroup) {}

  Reading read() override;
  std::chrono::milliseconds interval() const noexcept override;

 private:
  const Cgroup& cgroup_;
};

// The watchdog: without a cgroup nothing else stops a hog.
class TreeMeter final : public Meter {
 public:
  TreeMeter(pid_t root, std::uint64_t memory_limit) : tree_(root), memory_limit_(memory_limit) {}

  Reading read() override;
  std::chrono::milliseconds interval() const noexcept override;

 private:
  ProcessTree tree_;
  std::uint64_t memory_limit_;
};

}  // namespace pysandbox::container
