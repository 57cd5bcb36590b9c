// One engine for all tests of this program.
#pragma once

#include <memory>

#include <pysandbox/docker_runner.hpp>

#include "support/throwaway_docker.hpp"

namespace pysandbox::testing {

ThrowawayDocker& engine();

// For that engine; locks lie in a directory of this program's own.
DockerRunnerOptions docker_options();

// Shared by tests that need nothing special: asking the engine what it is takes time.
ContainerRunner& shared_docker_runner();

}  // namespace pysandbox::testing
