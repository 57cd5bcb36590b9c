#include "container/verdict.hpp"

#include <fmt/format.h>
#include <signal.h>
#include <string.h>
#include <sys/wait.h>

#include <algorithm>
#include <cerrno>

namespace pysandbox::container {
namespace {

std::string seconds(std::chrono::microseconds time) {
  return fmt::format("{:.3f} seconds", static_cast<double>(time.count()) / 1e6);
}

std::string bytes(std::uint64_t count) { return fmt::format("{} bytes", count); }

std::string signal_name(int signal) {
  const char* name = ::sigabbrev_np(signal);
  return name != nullptr ? std::string("SIG") + name : fmt::format("SIG{}", signal);
}

void end(RunResult& result, Outcome outcome, const char* limit, std::string observed, std::string hint) {
  result.outcome = outcome;
  result.failure = Failure{limit, std::move(observed), std::move(hint)};
}

void record_exit(const Facts& facts, RunResult& result) {
  if (!facts.seen.report) {
    result.signal = "SIGKILL";  // with its init
    return;
  }
  const int status = facts.seen.report->wait_status;
  if (WIFEXITED(status)) {
    result.exit_code = WEXITSTATUS(status);
  } else {
    result.signal = signal_name(WTERMSIG(status));
  }
}

bool decide_our_stop(const Facts& facts, RunResult& result) {
  switch (facts.seen.stop) {
    case StopReason::none:
    case StopReason::memory:
      return false;
    case StopReason::cancelled:
      result.outcome = Outcome::cancelled;
      return true;
    case StopReason::time:
      end(result, Outcome::time_limit, "time_limit", seconds(facts.seen.wall_time),
          "see error.traceback for where it was; do less, or raise time_limit");
      return true;
    case StopReason::cpu:
      end(result, Outcome::cpu_limit, "cpu_time_limit", seconds(facts.seen.cpu_observed),
          "see error.traceback for where it was; do less, or raise cpu_time_limit");
      return true;
  }
  return false;
}

bool decide_memory(const Facts& facts, RunResult& result) {
  // Without a cgroup the kernel refuses what would be too much, and the program is the only witness.
  const bool refused = !facts.cgroup && facts.guest && facts.guest->error.name == "MemoryError";
  if (facts.oom_kills == 0 && facts.seen.stop != StopReason::memory && !refused) return false;
  end(result, Outcome::memory_limit, "memory_bytes", bytes(result.usage.memory_peak_bytes),
      "process the data in parts, write less to the workspace (its files are memory too), or raise memory_bytes");
  return true;
}

bool decide_signal(const Facts& facts, RunResult& result) {
  if (result.signal.empty()) return false;
  result.outcome = facts.seen.report ? Outcome::signaled : Outcome::internal_error;
  if (!facts.seen.report) {
    result.warnings.push_back("the container was killed from outside pysandbox");
  } else if (result.signal == "SIGSYS") {
    result.outcome = Outcome::syscall_denied;
  } else if (result.signal == "SIGXFSZ") {
    end(result, Outcome::disk_limit, "file_size_bytes",
        fmt::format("more than {}", bytes(facts.limits.file_size_bytes)),
        "write smaller files, or raise file_size_bytes");
  } else if (const auto used = result.usage.cpu_user + result.usage.cpu_system;
             (result.signal == "SIGKILL" || result.signal == "SIGXCPU") && used >= facts.limits.cpu_time_limit) {
    end(result, Outcome::cpu_limit, "cpu_time_limit", seconds(used), "do less, or raise cpu_time_limit");
  }
  return true;
}

// What was used is seen by us when all is over, or by the program when it failed: files that were deleted while
// open are gone by then. Nearly full is full: what a write wanted did not fit.
bool decide_disk(const Facts& facts, RunResult& result) {
  const std::uint64_t bytes_used = std::max(facts.disk.used_bytes, facts.guest->used_bytes);
  const std::uint64_t inodes_used = std::max(facts.disk.used_inodes, facts.guest->used_inodes);
  if (inodes_used >= facts.limits.workspace_inodes / 100 * 99) {
    end(result, Outcome::disk_limit, "workspace_inodes", fmt::format("{} files", inodes_used),
        "write fewer files, or raise workspace_inodes");
    return true;
  }
  if (bytes_used < facts.limits.workspace_bytes / 10 * 9) return false;  // another disk's: /dev/full
  end(result, Outcome::disk_limit, "workspace_bytes", bytes(bytes_used),
      "write less, remove what is not needed, or raise workspace_bytes");
  return true;
}

// The program met a limit as an error of its own and failed for it. It tells which error; that the limit was
// really reached is seen from outside wherever the kernel lets us.
bool decide_refusal(const Facts& facts, RunResult& result) {
  if (!facts.guest || facts.guest->stopped) return false;
  const int number = facts.guest->error_number;
  if (number == ENOSPC && decide_disk(facts, result)) return true;
  if (number == EFBIG) {
    end(result, Outcome::disk_limit, "file_size_bytes",
        fmt::format("more than {}", bytes(facts.limits.file_size_bytes)),
        "write smaller files, or raise file_size_bytes");
    return true;
  }
  const bool no_thread = facts.guest->error.name == "RuntimeError" &&
                         facts.guest->error.value.find("start new thread") != std::string::npos;
  const std::uint64_t alive = std::max<std::uint64_t>(facts.seen.processes_peak, facts.seen.report->leftovers + 1);
  const bool crowded =
      facts.refused_forks ? *facts.refused_forks > 0 : no_thread || alive >= facts.limits.processes / 2;
  if ((number == EAGAIN || no_thread) && crowded) {
    end(result, Outcome::process_limit, "processes", fmt::format("more than {} at one time", facts.limits.processes),
        "start fewer processes and threads, or raise processes");
    return true;
  }
  if (number == EMFILE) {
    end(result, Outcome::exception, "open_files", fmt::format("more than {} open files", facts.limits.open_files),
        "close files after use, or raise open_files");
    return true;
  }
  return false;
}

void note_truncation(const Facts& facts, RunResult& result) {
  const auto note = [&](const char* limit, std::uint64_t total, std::uint64_t maximum) {
    result.warnings.push_back(fmt::format("{} of {} bytes are kept: the middle was left out", maximum, total));
    if (!result.failure) {
      result.failure =
          Failure{limit, bytes(total), fmt::format("print less, write a file instead, or raise {}", limit)};
    }
  };
  if (result.stdout_truncated) note("stdout_bytes", facts.stdout_total, facts.limits.stdout_bytes);
  if (result.stderr_truncated) note("stderr_bytes", facts.stderr_total, facts.limits.stderr_bytes);
}

void record_error(const Facts& facts, RunResult& result) {
  const bool ended_badly = result.outcome != Outcome::ok && result.outcome != Outcome::cancelled;
  if (facts.guest && (ended_badly || facts.guest->stopped)) {
    result.error = facts.guest->error;
  } else if (ended_badly) {
    std::string place = faulthandler_traceback(result.stderr);
    if (!place.empty()) result.error = PythonError{"", "", std::move(place), std::nullopt};
  }
}

}  // namespace

void decide(const Facts& facts, RunResult& result) {
  record_exit(facts, result);
  const bool uncaught = facts.guest && !facts.guest->stopped;
  if (!decide_our_stop(facts, result) && !decide_memory(facts, result) && !decide_signal(facts, result)) {
    if (result.exit_code == 0) {
      result.outcome = Outcome::ok;
    } else if (!decide_refusal(facts, result)) {
      result.outcome = uncaught ? Outcome::exception : Outcome::nonzero_exit;
    }
  }
  record_error(facts, result);
  note_truncation(facts, result);
}

}  // namespace pysandbox::container
