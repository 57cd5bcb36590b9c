// Builds a wheel out of a source, by what PEP 517 calls its hooks. This is where code of a package runs while packages
// are made ready: in a container like that of a job, offline, without anything of the store but its build environment.
#pragma once

#include <chrono>
#include <cstdint>
#include <stop_token>
#include <string>
#include <variant>
#include <vector>

#include <pysandbox/container_runner.hpp>

#include "packages/interpreter.hpp"
#include "packages/source_index.hpp"

namespace pysandbox::packages {

struct SourceBuildTask {
  const SourceFile& source;
  std::string path;  // of the archive on this host, whose digest was checked
  std::chrono::seconds timeout;
  std::uint64_t most_bytes;  // of everything the build writes, and of the wheel
};

// What the source says it needs to be built: canonical requirements. Runs nothing of it. Throws
// Error{environment_failed} for an archive that cannot be taken.
std::vector<std::string> build_requirements(const SourceBuildTask& task, ContainerRunner& runner,
                                            const std::stop_token& stop);

struct FreshWheel {
  std::string file;  // its name
  std::string sha256;
  std::uint64_t size;
};

struct MoreRequirements {
  std::vector<std::string> requirements;  // canonical
};

enum class Needs { may_ask_for_more, all_is_there };

// Leaves the wheel in `directory`, once everything that made it is dead. `environment` is a directory to mount, or
// empty. Throws Error{environment_failed} with the end of what the build said.
std::variant<FreshWheel, MoreRequirements> build_source(const SourceBuildTask& task, const std::string& environment,
                                                        Needs needs, const Interpreter& interpreter,
                                                        const std::string& directory, ContainerRunner& runner,
                                                        const std::stop_token& stop);

// The start of every sentence about a source that cannot be used.
std::string about_source(const SourceFile& source);

}  // namespace pysandbox::packages
