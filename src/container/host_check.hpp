// What this host can enforce, found by looking; see ContainerRunner::check().
#pragma once

#include <vector>

#include <pysandbox/container_runner.hpp>

namespace pysandbox::container {

std::vector<HostFinding> check_host(const NativeRunnerOptions& options);

}  // namespace pysandbox::container
