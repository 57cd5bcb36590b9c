// The native runner with a pool, waiting for it: each container that may be warm is.
#pragma once

#include <memory>

#include <pysandbox/container_runner.hpp>

namespace pysandbox::testing {

// A run that is cold all the same, though its program can be run warm, throws std::logic_error.
std::unique_ptr<ContainerRunner> make_warm_runner(NativeRunnerOptions options = {});

}  // namespace pysandbox::testing
