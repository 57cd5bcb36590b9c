// Flaws of runtimes by which programs have come out of containers.
#pragma once

#include <string>
#include <vector>

#include "oci/runtime.hpp"

namespace pysandbox::oci {

// A sentence for each flaw that this runtime has as far as its version tells. A distribution may have mended one
// without a new version: where its revision is known to, there is no sentence; where it is not known, the sentence says
// so.
std::vector<std::string> known_flaws(const Runtime& runtime);

}  // namespace pysandbox::oci
