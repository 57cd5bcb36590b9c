// A job's log, as far as every store makes it alike.
//
// A store keeps the moves between a job's beginning and its end, and what append_output() and append_progress()
// brought. The first event and the last ones (the rest of the outputs, the files, the end) are made from the job, so
// that nothing is kept twice.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include <pysandbox/job.hpp>

namespace pysandbox {

// Event number 1.
JobEvent first_event(const Job& job);

inline constexpr std::uint64_t first_kept_number = 2;

// Who brings more output at once makes several events of it: readers hold whole ones in memory, and some take none that
// is large.
inline constexpr std::size_t most_event_bytes = 256 << 10;

// What is kept of an ended job's log.
struct KeptLog {
  std::uint64_t last_number = first_kept_number - 1;
  std::uint64_t stdout_bytes = 0;  // what the last claim appended
  std::uint64_t stderr_bytes = 0;
};

// Adds to `page` the events behind number `after` that follow what is kept of an ended job, until it has `limit`.
void add_last_events(std::vector<JobEvent>& page, const Job& job, const KeptLog& kept, std::uint64_t after,
                     std::size_t limit);

}  // namespace pysandbox
