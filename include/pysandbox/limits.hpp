// Limits: what one job may use.
//
// Every field has its unit in its name or type, a default, and a smallest and
// largest value that is enforced (limit_fields() lists them). There is no
// "unlimited": zero is refused except where a field says what it means.
#pragma once

#include <chrono>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include <pysandbox/export.hpp>

namespace pysandbox {

struct Limits {
  // Wall clock from the start of the program until it must have ended. At the limit the program gets SIGXCPU, on which
  // its own SIGTERM handler is called if it has one and SystemExit is raised if not; then `grace_period` to flush, then
  // SIGKILL.
  std::chrono::milliseconds time_limit{30'000};

  // CPU time of all processes of the job together, user and system.
  std::chrono::milliseconds cpu_time_limit{30'000};

  // Between the soft signal and the kill, at either time limit. Zero: kill at once.
  std::chrono::milliseconds grace_period{500};

  // Resident memory of all processes and of the files they write, together.
  // Swap is never used.
  std::uint64_t memory_bytes = 512ULL << 20;

  // Share of the machine's processors; 1.5 is one and a half.
  double cpus = 1.0;

  // Processes and threads alive at one time.
  std::uint64_t processes = 64;

  // Open file descriptors of one process.
  std::uint64_t open_files = 256;

  // Size of any one file the program writes.
  std::uint64_t file_size_bytes = 100ULL << 20;

  // All files the program may have at one time in /workspace, /tmp and /dev/shm.
  // The inputs do not count.
  std::uint64_t workspace_bytes = 256ULL << 20;

  // Files, directories and links in the same places.
  std::uint64_t workspace_inodes = 16'384;

  // Kept of each stream. Beyond it the middle is left out and RunResult says
  // so; the program goes on.
  std::uint64_t stdout_bytes = 1ULL << 20;
  std::uint64_t stderr_bytes = 1ULL << 20;

  // Artifacts kept. Those beyond are left out and RunResult says so. Zero keeps none.
  std::uint64_t artifact_count = 100;
  std::uint64_t artifact_bytes = 100ULL << 20;

  bool operator==(const Limits&) const = default;
};

// One field of Limits under its wire name.
//
// In text a duration is in seconds ("1.5"), bytes and counts are integers, and
// bytes may carry a binary suffix K, M or G ("512M").
struct LimitField {
  enum class Unit { seconds, bytes, count, processors };

  std::string_view name;
  Unit unit;
  double minimum;  // in seconds, bytes, pieces or processors
  double maximum;
};

// Every limit, in the order of the struct. Thread-safe.
PYSANDBOX_EXPORT std::span<const LimitField> limit_fields();

// The value of the field `name` in its unit. Throws Error{invalid_request} for
// a name that does not exist; the message lists those that do.
PYSANDBOX_EXPORT double get_limit(const Limits& limits, std::string_view name);

// Sets the field `name`. Throws Error{invalid_request} for an unknown name, for
// text that is not a number, and for a value that is not finite or outside of
// [minimum, maximum]; `limits` is then unchanged.
PYSANDBOX_EXPORT void set_limit(Limits& limits, std::string_view name, double value);
PYSANDBOX_EXPORT void set_limit(Limits& limits, std::string_view name, std::string_view text);

// Throws Error{invalid_request} naming the first field that is out of range.
PYSANDBOX_EXPORT void check_limits(const Limits& limits);

}  // namespace pysandbox
