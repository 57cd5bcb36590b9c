// Watches one running program: moves its streams, keeps its deadlines, and ends it when it must.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>

#include <pysandbox/container_runner.hpp>

#include "container/capped_output.hpp"
#include "container/cgroup.hpp"
#include "container/init_process.hpp"
#include "support/unique_fd.hpp"

namespace pysandbox::container {

// Why we ended it; none if it ended by itself.
enum class StopReason { none, time, cpu, memory, cancelled };

// Our ends of the program's streams.
struct Streams {
  UniqueFd stdout_end;
  UniqueFd stderr_end;
};

// What was seen from outside.
struct Observation {
  StopReason stop = StopReason::none;
  std::optional<Report> report;  // empty: the init was killed before it could tell
  bool started = false;          // said by the init of a parked container only
  std::chrono::microseconds wall_time{0};
  std::uint64_t processes_peak = 0;
  std::uint64_t memory_peak = 0;              // the watchdog's; zero with a cgroup
  std::chrono::microseconds cpu_observed{0};  // when the cpu limit was seen to be passed
};

struct Supervision {
  InitProcess& init;
  Cgroup* cgroup;  // null: the watchdog measures
  const Limits& limits;
  Streams streams;
  CappedOutput& output;
  CappedOutput& errors;
  int stop_event;  // readable: cancelled
};

// Returns when everything in the container is dead, but for its init, which may be about to end.
Observation supervise(Supervision supervision);

}  // namespace pysandbox::container
