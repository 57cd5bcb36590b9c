// Watches a job of ours until it has ended, and ends it when the user says so.
#pragma once

#include <chrono>
#include <optional>
#include <string>

#include "job_log.hpp"
#include "progress_line.hpp"
#include "server_api.hpp"
#include "stop_signals.hpp"

namespace pysandbox::cli {

enum class Output { shown, left_out };

struct WatchOptions {
  std::optional<std::chrono::milliseconds> patience;  // empty: until the end
  Output output = Output::shown;
};

// Passes the output on as it comes. Ctrl-C, and a reader of the output that goes away, cancel the job; then its end is
// still waited for. Throws Error{unavailable} when the patience is over: the job goes on then.
void watch_to_end(ServerApi& api, const std::string& job, const WatchOptions& options, StopSignals& signals,
                  ProgressLine& progress);

// Writes what an event brings for the program's streams; other events write nothing. False if nobody reads it any more.
[[nodiscard]] bool show_output(const LogEvent& event);

}  // namespace pysandbox::cli
