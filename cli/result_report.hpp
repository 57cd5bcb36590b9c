// How a job of a server ended, told as `pysandbox run` tells it.
#pragma once

#include <string>

#include "server_api.hpp"

namespace pysandbox::cli {

enum class AlreadyShown { nothing, output };

struct ReportOptions {
  std::string out;  // where to put its files; empty: nowhere
  bool json = false;
  bool quiet = false;
  AlreadyShown shown = AlreadyShown::nothing;
};

// Returns the exit code that `run` would have given. Throws Error if the job has not ended.
int report_result(ServerApi& api, const std::string& job, const ReportOptions& options);

}  // namespace pysandbox::cli
