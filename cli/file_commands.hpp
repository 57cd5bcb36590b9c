// `pysandbox files` and `pysandbox upload`.
#pragma once

#include "command_line.hpp"

namespace pysandbox::cli {

// Each returns the exit code and throws Error for what is pysandbox's own failure.
int files(const FilesCommand& command);
int upload(const UploadCommand& command);

}  // namespace pysandbox::cli
