// The native runner with layers of its protection taken away, to see that an attack is real.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include <pysandbox/container_runner.hpp>

namespace pysandbox::testing {

// Words are the names of container::Layer. Throws std::invalid_argument for an unknown one. The words "harvest" and
// "none" change no init: with "harvest" collect() follows links and opens by path.
std::unique_ptr<ContainerRunner> make_weak_runner(const std::vector<std::string>& layers);

}  // namespace pysandbox::testing
