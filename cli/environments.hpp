// The store of environments that `run` uses.
#pragma once

#include <functional>
#include <memory>

#include <pysandbox/environment_store.hpp>

#include "command_line.hpp"

namespace pysandbox::cli {

// Where environments are kept if nobody says: /var/cache/pysandbox/environments for root, else
// $XDG_CACHE_HOME/pysandbox/environments or ~/.cache/pysandbox/environments. Throws Error{invalid_request} for somebody
// without a home.
std::string default_environment_directory();

// Throws as open_environment_store() does, and Error{invalid_request} if this program was built without it. `builder`
// makes the environments and must outlive the store. `ready` is called each time that one is there.
std::unique_ptr<EnvironmentStore> open_environments(const EnvironmentWords& words, ContainerRunner& builder,
                                                    std::function<void()> ready);

}  // namespace pysandbox::cli
