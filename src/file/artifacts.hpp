// Keeps what a program left behind.
#pragma once

#include <string_view>

#include <pysandbox/container_runner.hpp>
#include <pysandbox/file_store.hpp>
#include <pysandbox/result.hpp>

namespace pysandbox {

// Reads `file` once, to its end, and adds it to `files` for `owner`; without a store it is described only. The size is
// that of the bytes that were read. Throws what the store throws.
Artifact keep_artifact(OutputFile& file, FileStore* files, std::string_view owner = {});

// Removes what keep_artifact() kept for a result that nobody will have. What cannot be removed now is left to retention.
void remove_artifacts(const RunResult& result, FileStore* files) noexcept;

}  // namespace pysandbox
