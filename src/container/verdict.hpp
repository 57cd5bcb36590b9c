// From what was seen to what it means: the outcome, and which limit was hit.
#pragma once

#include <cstdint>
#include <optional>

#include <pysandbox/limits.hpp>
#include <pysandbox/result.hpp>

#include "container/guest_report.hpp"
#include "container/supervisor.hpp"
#include "container/workspace.hpp"

namespace pysandbox::container {

struct Facts {
  const Limits& limits;
  const Observation& seen;
  std::uint64_t oom_kills;                     // by the kernel, in the job's cgroup
  std::optional<std::uint64_t> refused_forks;  // empty: nobody counts them
  bool cgroup;                                 // the kernel keeps the memory limit, and counts its kills
  Workspace::Fill disk;
  std::optional<GuestReport> guest;
  std::uint64_t stdout_total;
  std::uint64_t stderr_total;
};

// Sets outcome, exit_code, signal, error and failure; the rest of `result` must be filled in already.
void decide(const Facts& facts, RunResult& result);

}  // namespace pysandbox::container
