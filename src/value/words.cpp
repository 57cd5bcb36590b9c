#include "value/words.hpp"

#include <algorithm>
#include <array>
#include <cstddef>

namespace pysandbox {
namespace {

using namespace std::string_view_literals;

// In the order of the enumerators.
constexpr std::array outcomes{
    "ok"sv,           "exception"sv,  "nonzero_exit"sv,   "signaled"sv,       "time_limit"sv,    "cpu_limit"sv,
    "memory_limit"sv, "disk_limit"sv, "process_limit"sv,  "syscall_denied"sv, "package_error"sv, "input_error"sv,
    "cancelled"sv,    "expired"sv,    "internal_error"sv,
};
constexpr std::array job_states{"queued"sv, "running"sv, "completed"sv, "failed"sv};
constexpr std::array isolation_levels{"rlimits"sv, "cgroup"sv, "full"sv, "vm_like"sv};
constexpr std::array start_modes{"any"sv, "fresh"sv};
constexpr std::array callback_states{"none"sv, "pending"sv, "delivered"sv, "failed"sv};

static_assert(outcomes.size() == static_cast<std::size_t>(Outcome::internal_error) + 1);
static_assert(outcomes[static_cast<std::size_t>(Outcome::syscall_denied)] == "syscall_denied");
static_assert(job_states.size() == static_cast<std::size_t>(JobState::failed) + 1);
static_assert(isolation_levels.size() == static_cast<std::size_t>(MinimumIsolation::vm_like) + 1);
static_assert(start_modes.size() == static_cast<std::size_t>(StartMode::fresh) + 1);
static_assert(callback_states.size() == static_cast<std::size_t>(CallbackState::failed) + 1);

template <class Value, std::size_t Size>
std::string_view word_of(const std::array<std::string_view, Size>& words, Value value) noexcept {
  const auto index = static_cast<std::size_t>(value);
  return index < Size ? words[index] : "unknown"sv;
}

template <class Value, std::size_t Size>
std::optional<Value> value_of(const std::array<std::string_view, Size>& words, std::string_view word) noexcept {
  const auto found = std::find(words.begin(), words.end(), word);
  if (found == words.end()) return std::nullopt;
  return static_cast<Value>(found - words.begin());
}

}  // namespace

std::string_view to_string(Outcome outcome) noexcept { return word_of(outcomes, outcome); }
std::string_view to_string(JobState state) noexcept { return word_of(job_states, state); }
std::string_view to_string(MinimumIsolation level) noexcept { return word_of(isolation_levels, level); }
std::string_view to_string(StartMode mode) noexcept { return word_of(start_modes, mode); }
std::string_view to_string(CallbackState state) noexcept { return word_of(callback_states, state); }

std::optional<Outcome> parse_outcome(std::string_view word) noexcept { return value_of<Outcome>(outcomes, word); }
std::optional<JobState> parse_job_state(std::string_view word) noexcept { return value_of<JobState>(job_states, word); }
std::optional<MinimumIsolation> parse_minimum_isolation(std::string_view word) noexcept {
  return value_of<MinimumIsolation>(isolation_levels, word);
}
std::optional<StartMode> parse_start_mode(std::string_view word) noexcept {
  return value_of<StartMode>(start_modes, word);
}
std::optional<CallbackState> parse_callback_state(std::string_view word) noexcept {
  return value_of<CallbackState>(callback_states, word);
}

}  // namespace pysandbox
