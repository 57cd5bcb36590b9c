// What the process answers its caller; the numbers are those that timeout(1), docker run and shells use.
#pragma once

#include <pysandbox/result.hpp>

namespace pysandbox::cli {

inline constexpr int exit_code_time_limit = 124;
inline constexpr int exit_code_own_failure = 125;
inline constexpr int exit_code_cancelled = 130;
inline constexpr int exit_code_memory_limit = 137;

int exit_code_of(const RunResult& result);

}  // namespace pysandbox::cli
