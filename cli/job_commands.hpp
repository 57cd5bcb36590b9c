// `pysandbox status`, `results`, `logs`, `cancel` and `list`: what can be asked about jobs of a server.
#pragma once

#include "command_line.hpp"

namespace pysandbox::cli {

// Each returns the exit code and throws Error for what is pysandbox's own failure, as that there is no such job.
int status(const StatusCommand& command);
int results(const ResultsCommand& command);
int logs(const LogsCommand& command);
int cancel(const CancelCommand& command);
int list(const ListCommand& command);

}  // namespace pysandbox::cli
