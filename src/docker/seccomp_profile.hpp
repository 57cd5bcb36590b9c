// The profile "python-strict" as engines take it.
#pragma once

#include <boost/json/value.hpp>

namespace pysandbox::docker {

// From the same list as the native runner's filter. See runtime-spec, config-linux.md, "Seccomp".
boost::json::value seccomp_profile();

}  // namespace pysandbox::docker
