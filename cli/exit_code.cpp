#include "exit_code.hpp"

#include <signal.h>
#include <string.h>

namespace pysandbox::cli {
namespace {

int number_of(const std::string& signal) {
  for (int number = 1; number < NSIG; ++number) {
    const char* name = ::sigabbrev_np(number);
    if (name != nullptr && signal == std::string("SIG") + name) return number;
  }
  return 0;
}

}  // namespace

int exit_code_of(const RunResult& result) {
  switch (result.outcome) {
    case Outcome::ok:
      return 0;
    case Outcome::time_limit:
    case Outcome::cpu_limit:
      return exit_code_time_limit;
    case Outcome::memory_limit:
      return exit_code_memory_limit;
    case Outcome::cancelled:
      return exit_code_cancelled;
    case Outcome::package_error:
    case Outcome::input_error:
    case Outcome::expired:
    case Outcome::internal_error:
      return exit_code_own_failure;
    default:
      break;
  }
  if (!result.signal.empty()) return 128 + number_of(result.signal);
  return result.exit_code.value_or(1) == 0 ? 1 : result.exit_code.value_or(1);
}

}  // namespace pysandbox::cli
