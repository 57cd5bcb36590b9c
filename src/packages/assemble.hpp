// Puts the wheels of a lock together, as links, into one environment.
#pragma once

#include <stop_token>
#include <string>

#include <pysandbox/environment_store.hpp>

#include "packages/environment_record.hpp"

namespace pysandbox::packages {

struct AssembleTask {
  const Lock& lock;
  const Interpreter& interpreter;
  const StoreLayout& layout;
  ContainerRunner& runner;
  std::uint64_t most_bytes;
};

// Makes it in the place of its digest, if it is not there yet. Throws Error{environment_failed} if two wheels have a
// file of one name and different content.
void assemble_environment(const AssembleTask& task, const WorkPlace& work, const EnvironmentProgress& progress);

}  // namespace pysandbox::packages
