// What a host that was killed leaves: the runtime's memory of containers that died with it, and their empty cgroups.
#pragma once

#include "oci/oci_container.hpp"

namespace pysandbox::oci {

// Removes what carries the name of one of our slots that nobody holds, and nothing else.
void bury_the_dead(const OciParts& parts) noexcept;

}  // namespace pysandbox::oci
