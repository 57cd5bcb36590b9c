// How the host and pysandbox-steward talk, who is pid 1 of a container that somebody else's runtime made: no descriptor
// of ours gets there, only standard input, output and error.
//
// To it, by its standard input: a StewardStart, then the program's words, then the program's standard input; after
// these orders, a byte each, the first of which is Order::proceed, as the answer to Event::ready. The end of that input
// means that the host is gone. From it, by its standard error, among what the program prints there: StewardReports.
// Their mark is random and known to nobody inside but the steward, whom no process inside can look into; it also tells
// what the runtime itself prints, before the first and after the last.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <type_traits>

#include "container/launch_plan.hpp"

namespace pysandbox::container {

using ReportMark = std::array<char, 32>;

struct StewardStart {
  ReportMark mark;
  ProgramPlan program;  // its quotas and files mean nothing here
  std::uint64_t stdin_size;
};

// At most PIPE_BUF bytes, so written at once (pipe(7)).
struct StewardReport {
  ReportMark mark;
  Report report;
};

static_assert(std::is_trivially_copyable_v<StewardStart> && sizeof(StewardReport) <= 4096);

}  // namespace pysandbox::container
