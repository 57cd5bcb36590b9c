// Parked containers: made in advance by forking an interpreter that has loaded what most programs need, each for one
// program. A run that gets one starts in a fraction of the time that a new interpreter takes. If none is parked, one is
// forked for it then; if that cannot be, or it asks for StartMode::fresh, it starts as ever. RunResult::isolation says
// which it was.
//
// For each environment that is in use the runner keeps such an interpreter, a zygote, in a container of its own, and
// makes parked containers on a thread of its own, as many as programs have lately asked for. The first run in an
// environment gets none.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <vector>

namespace pysandbox {

struct PoolOptions {
  // Parked at one time in each environment. A maximum of zero: no pool. A minimum of zero: two for each processor.
  std::uint32_t maximum = 0;
  std::uint32_t minimum = 0;

  // What all parked containers of the runner may use together; the zygotes, 64 at most, come on top. All of these take
  // no more than half of uid_count, and half of the descriptors that the process may open (RLIMIT_NOFILE).
  std::uint64_t memory_bytes = 256ULL << 20;

  // Programs of one zygote share its address layout and hash seed, so it is replaced after so many, or so long.
  std::uint32_t rotate_after_programs = 1'000;
  std::chrono::seconds rotate_after{600};

  // Parked beyond the minimum go after so long without need of them; after ten times that without any run, all.
  std::chrono::seconds idle_time{30};

  // What a zygote loads, by name of module: of the standard library, and of the packages of its environment those that
  // are there. Importing a package runs its code before there is a job, in the interpreter from which all jobs of that
  // environment are forked: name only what you trust in whatever environment it turns up.
  std::vector<std::string> preload = {
      "base64",    "bisect", "collections", "contextlib", "copy",      "csv",      "dataclasses", "datetime", "enum",
      "functools", "heapq",  "itertools",   "json",       "math",      "operator", "pathlib",     "random",   "re",
      "string",    "struct", "textwrap",    "time",       "traceback", "typing",   "warnings"};
  std::vector<std::string> preload_packages{};
};

// How a pool is at this moment, and what it has done since its runner was made.
struct PoolUsage {
  PoolOptions options{};  // as they count: with the minimum that zero stands for

  std::uint64_t environments = 0;  // that are in use
  std::uint64_t zygotes = 0;       // of these, that can be forked
  std::uint64_t parked = 0;
  std::uint64_t parked_bytes = 0;  // as measured on some of them
  double arrivals_per_second = 0;  // of programs, lately

  // Programs by how they were started: in a container that was parked; in one that was forked when they came, since
  // none was parked; with a new interpreter because they had to be; with a new one because they asked for it.
  std::uint64_t parked_starts = 0;
  std::uint64_t on_demand_starts = 0;
  std::uint64_t cold_starts = 0;
  std::uint64_t fresh_starts = 0;

  std::uint64_t zygotes_started = 0;
  std::uint64_t failures = 0;  // zygotes and containers that could not be made, or ended before they had a program
};

}  // namespace pysandbox
