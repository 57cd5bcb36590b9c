// What runners left that were killed.
#pragma once

#include <string>

#include "docker/engine_client.hpp"

namespace pysandbox::docker {

// Removes containers of runners of this host that are dead, and touches no other: each names its runner, and that one's
// lock can be taken. Throws as EngineClient does.
void remove_leftovers(EngineClient& client, const std::string& lock_directory);

}  // namespace pysandbox::docker
