// Real attacks, small enough to run anywhere, against the sandbox of this host.
#pragma once

#include <vector>

#include <pysandbox/sandbox.hpp>

namespace pysandbox::cli {

// One finding for each attack: pass if it was stopped.
std::vector<HostFinding> run_probes(Sandbox& sandbox);

}  // namespace pysandbox::cli
