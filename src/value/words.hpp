// The enumerators that travel as words: back from their wire spelling. The way there is to_string().
#pragma once

#include <optional>
#include <string_view>

#include <pysandbox/job.hpp>
#include <pysandbox/result.hpp>

namespace pysandbox {

// Nothing for a word that is none. Spelling is exact.
std::optional<Outcome> parse_outcome(std::string_view word) noexcept;
std::optional<JobState> parse_job_state(std::string_view word) noexcept;
std::optional<MinimumIsolation> parse_minimum_isolation(std::string_view word) noexcept;
std::optional<StartMode> parse_start_mode(std::string_view word) noexcept;
std::optional<CallbackState> parse_callback_state(std::string_view word) noexcept;

}  // namespace pysandbox
