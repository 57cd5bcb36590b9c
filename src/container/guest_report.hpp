// What the interpreter says about its own end. Written by code that the
// program can change, so it is parsed with care and believed in nothing that matters.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include <pysandbox/result.hpp>

namespace pysandbox::container {

struct GuestReport {
  bool stopped = false;          // the soft signal reached it
  int error_number = 0;          // of an OSError
  std::uint64_t used_bytes = 0;  // of the workspace, when there was no space
  std::uint64_t used_inodes = 0;
  PythonError error;
};

// Empty if the text is not a report.
std::optional<GuestReport> parse_guest_report(std::string_view text);

// The place that faulthandler printed when a signal ended the interpreter, from the end of stderr; empty if there is
// none.
std::string faulthandler_traceback(std::string_view stderr_text);

}  // namespace pysandbox::container
