// Error: the one exception this library throws.
//
// Only pysandbox's own failures are exceptions. What happens to the program that
// was run (an exception of its own, a limit, a signal) is a value: see
// RunResult::outcome. Something that may simply be absent is a std::optional.
#pragma once

#include <stdexcept>
#include <string>
#include <string_view>

#include <pysandbox/export.hpp>

namespace pysandbox {

enum class ErrorCode {
  invalid_request,      // what was asked makes no sense; asking again will not help
  not_found,            // no such file, job or directory
  conflict,             // somebody else holds it, or it has moved on (a lost lease)
  too_large,            // beyond a maximum that the message names
  overloaded,           // too much of it waits or runs already; asking again later helps
  unavailable,          // a store or device cannot be used now; asking again may help
  environment_failed,   // what the program needs could not be made ready
  sandbox_unavailable,  // this host cannot enforce a protection; the message names step and remedy
  internal,             // a defect in pysandbox
};

// The wire spelling of a code, for example "invalid_request".
PYSANDBOX_EXPORT std::string_view to_string(ErrorCode code) noexcept;

// what() is one sentence without a line break, written for a person: what
// failed, on what, and what to do next.
class PYSANDBOX_EXPORT Error : public std::runtime_error {
 public:
  Error(ErrorCode code, const std::string& sentence);
  ~Error() override;

  ErrorCode code() const noexcept { return code_; }

  // True if the same call may succeed later without any change.
  bool retryable() const noexcept { return code_ == ErrorCode::unavailable || code_ == ErrorCode::overloaded; }

 private:
  ErrorCode code_;
};

}  // namespace pysandbox
