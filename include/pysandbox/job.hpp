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
  // part, no NUL, no part over 255 bytes. Empty is allowed with `file_id` and `url`: then the
  // stored file's own name, or the one that the server of the URL gives, is made safe and used.
  std::string path;

  // Where the bytes come from: `content`, or the one of the others that is not empty, read when the job starts.
  std::string content{};
  std::string source{};   // a regular file of that name on this host
  std::string file_id{};  // a file of the Sandbox's FileStore
  std::string url{};      // http or https; fetched by the Sandbox's WebClient

  // What the bytes must be, for `url`: 64 hexadecimal digits, or empty for anything.
  std::string sha256{};

  bool operator==(const InputFile&) const = default;
};

// The weakest isolation that a job accepts. What it really got is in
// RunResult::isolation.
enum class MinimumIsolation {
  rlimits,  // resource limits may be kept by rlimits and a watchdog where no cgroup can be had
  cgroup,   // resource limits must be kept by cgroups
  full,     // cgroups, and a user id on the host that no other running job has
  vm_like,  // full, and a kernel of its own between the program and the host's: see Isolation::boundary
};

PYSANDBOX_EXPORT std::string_view to_string(MinimumIsolation level) noexcept;

// Which interpreter a job may get.
enum class StartMode {
  any,    // one that was parked before the job came, if there is one: faster; see PoolOptions
  fresh,  // a new one, which shares no address layout and no hash seed with any other
};

PYSANDBOX_EXPORT std::string_view to_string(StartMode mode) noexcept;

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

  // Which files to keep: patterns over paths below the workspace, in which '*' and '?' stand for letters of one part,
  // [a-z] for one of them, and a part "**" for any number of parts. Empty: all. See Container::collect() for what is
  // never kept.
  std::vector<std::string> outputs{};

  // What can be imported besides the standard library: requirements (PEP 508), and the name or digest of an
  // environment. See environment_store.hpp.
  std::vector<std::string> packages{};
  std::string environment{};

  Limits limits{};
  MinimumIsolation minimum_isolation = MinimumIsolation::rlimits;
  StartMode start = StartMode::any;  // "isolation" on the wire

  bool operator==(const JobRequest&) const = default;
};

inline constexpr std::uint64_t maximum_code_bytes = 10ULL << 20;
inline constexpr std::uint64_t maximum_inputs = 100;
inline constexpr std::uint64_t maximum_outputs = 100;                  // patterns
inline constexpr std::uint64_t maximum_input_bytes = 4ULL << 30;       // all inputs together
inline constexpr std::uint64_t maximum_argument_bytes = 128ULL << 10;  // one argument; execve(2), MAX_ARG_STRLEN
inline constexpr std::uint64_t maximum_arguments_bytes = 1ULL << 20;   // all arguments and variables together

// Throws Error{invalid_request} or Error{too_large} with the first thing that is
// wrong: a bad name, a name used twice, a NUL, code that is not text, a limit out of range.
// Touches no file. Every store and the Sandbox call it; callers need not.
PYSANDBOX_EXPORT void check_request(const JobRequest& request);

// A random UUID (RFC 9562, version 4) as 32 hexadecimal digits, without dashes.
using JobId = std::string;

// What a queue needs to know of a job, besides what to run.
struct Submission {
  // Who asked for it, by any name; whose job it is. Empty: nobody in particular.
  std::string owner{};

  // A second submission of one owner with the same key is the same job: add() gives the first one's id again, and
  // refuses with Error{conflict} if it asks for something else. Empty: every submission is a new job.
  std::string idempotency_key{};

  int priority = 0;  // higher goes first; minimum_priority to maximum_priority
  std::chrono::seconds ttl{
      0};                  // must have been started after so long, or ends as Outcome::expired; zero: waits for ever
  std::string metadata{};  // the submitter's own words, kept and given back; not read

  // Where to tell of the job's end, and the key that signs it; see docs/http-api.md, "Callbacks". Empty: nowhere.
  std::string callback_url{};
  std::string callback_secret{};

  // Refuses with Error{overloaded} while the owner has so many jobs queued or running. Zero: no bound. Not kept.
  std::uint64_t max_active = 0;

  bool operator==(const Submission&) const = default;
};

inline constexpr int minimum_priority = -100;
inline constexpr int maximum_priority = 100;
inline constexpr std::uint64_t maximum_metadata_bytes = 64ULL << 10;
inline constexpr std::uint64_t maximum_key_bytes = 255;  // of an idempotency key, and of an owner's name

// Throws Error{invalid_request} or Error{too_large} as check_request() does. Every store calls it.
PYSANDBOX_EXPORT void check_submission(const Submission& submission);

// For queues. Why a job ended is in RunResult::outcome.
enum class JobState { queued, running, completed, failed };

PYSANDBOX_EXPORT std::string_view to_string(JobState state) noexcept;

// How far the telling of a job's end has come.
enum class CallbackState {
  none,       // nobody is to be told
  pending,    // the job has not ended, or the last try failed and another follows
  delivered,  // answered with 2xx
  failed,     // tried often enough
};

PYSANDBOX_EXPORT std::string_view to_string(CallbackState state) noexcept;

struct Job {
  using TimePoint = std::chrono::system_clock::time_point;

  JobId id;
  JobState state = JobState::queued;
  JobRequest request;
  Submission submission;
  std::uint32_t attempt = 0;  // how often it was claimed
  std::string worker;         // who runs it now or ran it last
  TimePoint created_at;
  std::optional<TimePoint> started_at;  // of the last attempt
  std::optional<TimePoint> completed_at;
  bool cancel_requested = false;
  CallbackState callback = CallbackState::none;
  std::uint32_t callback_attempt = 0;
  std::optional<RunResult> result;  // once completed or failed
};

// One line of a job's log: the whole of what became of it, in order, for those who watch.
struct JobEvent {
  enum class Kind {
    status,    // `state` now, in `attempt`
    progress,  // `text` says what is being made ready
    output,    // `text` on `stream`
    file,      // `artifact` was kept
    end,       // the last: `state` and `outcome`
  };

  std::uint64_t number = 0;  // 1, 2, 3 and so on, for each job
  Job::TimePoint at;
  Kind kind = Kind::status;
  JobState state = JobState::queued;
  std::uint32_t attempt = 0;
  Stream stream = Stream::stdout_stream;
  std::string text;
  std::optional<Artifact> artifact;
  std::optional<Outcome> outcome;
};

}  // namespace pysandbox
