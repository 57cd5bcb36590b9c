#include "container/conclusion.hpp"

#include <algorithm>
#include <utility>

#include "container/guest_report.hpp"
#include "container/verdict.hpp"

namespace pysandbox::container {
namespace {

Usage usage_of(const Observation& seen, const Cgroup* cgroup) {
  Usage used;
  used.wall_time = seen.wall_time;
  used.processes_peak = seen.processes_peak;
  used.memory_peak_bytes = seen.memory_peak;
  if (seen.report) {
    used.cpu_user = std::chrono::microseconds(seen.report->user_microseconds);
    used.cpu_system = std::chrono::microseconds(seen.report->system_microseconds);
    used.read_bytes = seen.report->read_bytes;
    used.written_bytes = seen.report->written_bytes;
    used.memory_peak_bytes = std::max(used.memory_peak_bytes, seen.report->peak_rss_bytes);
  }
  if (cgroup != nullptr) {
    // What a program's parent did not wait for is in no rusage, but it is here.
    used.cpu_user = cgroup->cpu_user();
    used.cpu_system = std::max(cgroup->cpu_time() - used.cpu_user, std::chrono::microseconds(0));
    used.memory_peak_bytes = cgroup->memory_peak();
    used.processes_peak = cgroup->processes_peak().value_or(used.processes_peak);
  }
  // The init is not the program's; a program so short that nobody looked was one process.
  if (cgroup != nullptr && used.processes_peak > 0) --used.processes_peak;
  used.processes_peak = std::max<std::uint64_t>(used.processes_peak, 1);
  return used;
}

}  // namespace

RunResult conclude(const EndedRun& run, Isolation isolation) {
  RunResult result;
  result.stdout_truncated = run.output.truncated();
  result.stderr_truncated = run.errors.truncated();
  result.stdout = run.output.finish();
  result.stderr = run.errors.finish();
  result.usage = usage_of(run.seen, run.cgroup);
  result.isolation = std::move(isolation);
  const bool counted = run.cgroup != nullptr;
  decide({run.limits, run.seen, counted ? run.cgroup->oom_kills() : 0, run.refused_forks, counted, run.workspace.fill(),
          parse_guest_report(run.workspace.read_report()), run.output.total(), run.errors.total()},
         result);
  if (run.seen.report && run.seen.report->leftovers > 0 && run.seen.stop == StopReason::none) {
    result.warnings.push_back(std::to_string(run.seen.report->leftovers) +
                              " processes were still running when the program ended, and were killed");
  }
  return result;
}

}  // namespace pysandbox::container
