// The native runner's filter of system calls, in the words of the OCI specification.
#pragma once

#include <boost/json/object.hpp>

#include "oci/runtime.hpp"

namespace pysandbox::oci {

// Made from the same list (container/seccomp/python_strict.hpp). It lets through one thing more, which
// pysandbox-steward needs and which gives nobody any power: to make oneself undumpable.
boost::json::object seccomp_profile(RuntimeKind runtime);

}  // namespace pysandbox::oci
