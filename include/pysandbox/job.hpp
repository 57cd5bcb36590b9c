// JobRequest: what somebody asks to be run. Job: that request and where it stands.
//
// Both are plain values: copy them, compare them, keep them anywhere.
#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <pysandbox/export.hpp>
#include <pysandbox/limits.hpp>
#include <pysandbox/result.hpp>

namespace pysandbox {

// A file the program finds when it starts: as /workspace/<path>, and read-only
// as /data/<path>. Both names stand for one file, so large inputs cost nothing twice.
struct InputFile {
  // Relative, below the workspace, parts separated by '/'. No "..", no empty
  // part, no NUL, no part over 255 bytes.
  std::string path;

  // Where the bytes come from: `content`, or, if `source` is not empty, the
  // regular file of that name on this host, read when the job starts.
  std::string content{};
  std::string source{};

  bool operator==(const InputFile&) const = default;
};

// The weakest isolation that a job accepts. What it really got is in
// RunResult::isolation.
enum class MinimumIsolation {
  rlimits,  // resource limits may be kept by rlimits and a watchdog where no cgroup can be had
  cgroup,   // resource limits must be kept by cgroups
  full,     // cgroups, and a user id on the host that no other running job has
};

PYSANDBOX_EXPORT std::string_view to_string(MinimumIsolation level) noexcept;

struct JobRequest {
  // Python source as UTF-8, or in the encoding that its PEP 263 comment names.
  // No NUL. At most maximum_code_bytes.
  std::string code;

  // The name of the file that holds `code`: /workspace/<entry_point>.
  std::string entry_point = "main.py";

  std::vector<std::string> args{};           // sys.argv[1:]
  std::map<std::string, std::string> env{};  // added to the program's small environment
  std::string stdin{};                       // what the program can read from standard input
  std::vector<InputFile> inputs{};
  Limits limits{};
  MinimumIsolation minimum_isolation = MinimumIsolation::rlimits;

  bool operator==(const JobRequest&) const = default;
};

inline constexpr std::uint64_t maximum_code_bytes = 10ULL << 20;
inline constexpr std::uint64_t maximum_inputs = 100;
inline constexpr std::uint64_t maximum_input_bytes = 4ULL << 30;       // all inputs together
inline constexpr std::uint64_t maximum_argument_bytes = 128ULL << 10;  // one argument; execve(2), MAX_ARG_STRLEN
inline constexpr std::uint64_t maximum_arguments_bytes = 1ULL << 20;   // all arguments and variables together

// Throws Error{invalid_request} or Error{too_large} with the first thing that is
// wrong: a bad name, a name used twice, a NUL, code that is not text, a limit out of range.
// Touches no file. Every store and the Sandbox call it; callers need not.
PYSANDBOX_EXPORT void check_request(const JobRequest& request);

// 128 random bits as 32 hexadecimal digits.
using JobId = std::string;

// For queues. Why a job ended is in RunResult::outcome.
enum class JobState { queued, running, completed, failed };

PYSANDBOX_EXPORT std::string_view to_string(JobState state) noexcept;

struct Job {
  using TimePoint = std::chrono::system_clock::time_point;

  JobId id;
  JobState state = JobState::queued;
  JobRequest request;
  std::uint32_t attempt = 0;  // how often it was claimed
  std::string worker;         // who runs it now or ran it last
  TimePoint created_at;
  std::optional<TimePoint> started_at;  // of the last attempt
  std::optional<TimePoint> completed_at;
  bool cancel_requested = false;
  std::optional<RunResult> result;  // once completed or failed
};

}  // namespace pysandbox
