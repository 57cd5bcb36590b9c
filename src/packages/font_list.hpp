// matplotlib looks at every font of the system when it is first imported, which takes seconds. Its list of them is made
// once for all who use an environment.
#pragma once

#include <cstdint>
#include <string>

#include <pysandbox/environment_store.hpp>

namespace pysandbox::packages {

// Imports matplotlib in a container that has the environment `directory`, and adds matplotlib/fontlist-*.json to it.
// Returns the bytes of that. If it cannot be made, `progress` hears why: then each job makes its own.
std::uint64_t add_font_list(const std::string& directory, ContainerRunner& runner, const EnvironmentProgress& progress);

}  // namespace pysandbox::packages
