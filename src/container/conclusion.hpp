// What a run comes to, once all is over: its output, what it used, and how it ended.
#pragma once

#include <cstdint>
#include <optional>

#include <pysandbox/limits.hpp>
#include <pysandbox/result.hpp>

#include "container/capped_output.hpp"
#include "container/cgroup.hpp"
#include "container/supervisor.hpp"
#include "container/workspace.hpp"

namespace pysandbox::container {

struct EndedRun {
  const Limits& limits;
  const Observation& seen;
  const Cgroup* cgroup;                        // null: none kept its limits
  std::optional<std::uint64_t> refused_forks;  // empty: nobody counts them
  const Workspace& workspace;
  CappedOutput& output;
  CappedOutput& errors;
};

// Everything but RunResult::artifacts. Call it once: it finishes the outputs.
RunResult conclude(const EndedRun& run, Isolation isolation);

}  // namespace pysandbox::container
