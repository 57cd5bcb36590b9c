// The store of environments that `run` uses.
#pragma once

#include <functional>
#include <memory>

#include <pysandbox/environment_store.hpp>

#include "command_line.hpp"

namespace pysandbox::cli {

// Throws as open_environment_store() does. `builder` makes the environments and must outlive the store. `ready` is
// called each time that one is there.
std::unique_ptr<EnvironmentStore> open_environments(const EnvironmentWords& words, ContainerRunner& builder,
                                                    std::function<void()> ready);

}  // namespace pysandbox::cli
