// Watches one running program: moves its streams, keeps its deadlines, and ends it when it must.
#pragma once

#include <pysandbox/limits.hpp>

#include "container/supervisor.hpp"
#include "docker/engine_container.hpp"
#include "docker/keeper_stream.hpp"

namespace pysandbox::docker {

struct Watched {
  EngineContainer& container;
  KeeperStream& stream;
  const Limits& limits;
  int stop_event;  // readable: cancelled
};

// Returns when the program and everything it started are dead. Observation::report is filled in from the keeper's
// ending, if there is one. Throws Error{unavailable} if the engine or somebody else ended it.
container::Observation watch(Watched watched);

}  // namespace pysandbox::docker
