// RunResult: what the program did, what it used, and what really isolated it.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <pysandbox/export.hpp>

namespace pysandbox {

// How the program ended. Exactly one; the first thing that ended it wins.
enum class Outcome {
  ok,              // exit status 0
  exception,       // an uncaught Python exception, see RunResult::error
  nonzero_exit,    // sys.exit(n), os._exit(n)
  signaled,        // a signal that was not ours, see RunResult::signal
  time_limit,      // Limits::time_limit
  cpu_limit,       // Limits::cpu_time_limit
  memory_limit,    // Limits::memory_bytes
  disk_limit,      // Limits::workspace_bytes, workspace_inodes or file_size_bytes, and it failed for it
  process_limit,   // Limits::processes, and it failed for it
  syscall_denied,  // killed by the system-call filter (a foreign architecture's call)
  package_error,   // an asked-for package could not be had
  input_error,     // an input could not be had
  cancelled,       // by whoever asked for it
  expired,         // waited longer in the queue than it was allowed to
  internal_error,  // pysandbox failed, or lost its worker too often
};

PYSANDBOX_EXPORT std::string_view to_string(Outcome outcome) noexcept;

enum class Stream { stdout_stream, stderr_stream };

// The limit that was hit. With Outcome::ok it cut only what is returned (the
// middle of an output, artifacts over the count); otherwise it ended the program
// or made it fail.
struct Failure {
  std::string limit{};     // a name of limit_fields(), for example "memory_bytes"
  std::string observed{};  // what was seen, with its unit
  std::string hint{};      // what to do about it

  bool operator==(const Failure&) const = default;
};

// The Python exception that ended the program, or the place where the program
// was when its time was up. It comes from inside the interpreter: useful to the
// author, not evidence against them.
struct PythonError {
  std::string name{};         // "ValueError"
  std::string value{};        // its text
  std::string traceback{};    // as Python prints it
  std::optional<int> line{};  // in the entry point, counted from 1

  bool operator==(const PythonError&) const = default;
};

// What the whole job used, all processes together.
struct Usage {
  std::chrono::microseconds wall_time{0};
  std::chrono::microseconds cpu_user{0};
  std::chrono::microseconds cpu_system{0};
  std::uint64_t memory_peak_bytes = 0;  // zero if nothing here can tell
  std::uint64_t processes_peak = 0;     // processes and threads; sampled where the kernel keeps no peak
  std::uint64_t read_bytes = 0;         // by read-like calls of every kind, pipes and cached files included
  std::uint64_t written_bytes = 0;

  bool operator==(const Usage&) const = default;
};

// What really stood between the program and the host in this run.
struct Isolation {
  std::string runner{};                   // "native", "oci" or "docker"
  std::string runtime{};                  // what made the container, with its version: "runc 1.1.5"; native: empty
  std::string mode{};                     // "root": started by root; "rootless": by an ordinary user
  std::string cgroup{};                   // "v2", "v1", "hybrid" (controllers on v1) or "none"
  std::string limits{};                   // "cgroup", or "rlimits+watchdog"
  std::vector<std::string> namespaces{};  // "user", "mount", "pid", "net", "ipc", "uts", "cgroup"
  std::string seccomp{};                  // the profile's name, for example "python-strict"
  int landlock_abi = 0;                   // 0: none was used, or this kernel has none
  bool unique_uid = false;                // no other running job has its user id on the host

  // "process": the host's kernel serves the program's system calls; "vm_like": a kernel of its own does.
  std::string boundary{};

  // "warm": in a parked interpreter, which shares address layout and hash seed with others that were forked from the
  // same; "cold": in a new one, since none was parked; "fresh": in a new one, as it was asked for.
  std::string start{};

  bool operator==(const Isolation&) const = default;
};

struct Package {
  std::string name{};  // normalized (PEP 503)
  std::string version{};

  bool operator==(const Package&) const = default;
};

// The packages that a job had, and the interpreter they were for.
struct EnvironmentInfo {
  // 64 hexadecimal digits: same digest, same files. Of a package that was built here its source is the same, and what it
  // was built in.
  std::string digest{};
  std::string python{};             // "3.11.2"
  std::vector<Package> packages{};  // sorted by name

  bool operator==(const EnvironmentInfo&) const = default;
};

// A regular file that the program added or changed in its workspace.
struct Artifact {
  std::string path{};  // relative to /workspace; any byte but NUL, so quote it before use
  std::uint64_t size = 0;
  std::string content_type{};
  std::string sha256{};   // 64 hexadecimal digits
  std::string file_id{};  // in the FileStore that keeps it; empty if none does

  bool operator==(const Artifact&) const = default;
};

// The fields named stdin, stdout and stderr have the wire's spelling; in C and C++ on Linux these words are macros that
// expand to themselves, so they stay usable as member names.
struct RunResult {
  Outcome outcome = Outcome::internal_error;
  std::optional<int> exit_code{};  // empty if a signal ended it
  std::string signal{};            // "SIGKILL", or empty
  std::string stdout{};
  std::string stderr{};
  bool stdout_truncated = false;
  bool stderr_truncated = false;
  std::optional<PythonError> error{};
  std::optional<Failure> failure{};
  Usage usage{};
  Isolation isolation{};
  std::optional<EnvironmentInfo> environment{};  // empty: the standard library alone
  std::vector<Artifact> artifacts{};             // sorted by path
  std::vector<std::string> warnings{};           // sentences: what was left out or ignored

  bool operator==(const RunResult&) const = default;
};

}  // namespace pysandbox
