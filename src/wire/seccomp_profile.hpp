// The filter of system calls (container/seccomp/python_strict.hpp) in the words of the OCI runtime specification,
// config-linux.md, "Seccomp". Docker engines take the same.
#pragma once

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>

#include "container/seccomp/python_strict.hpp"

namespace pysandbox::seccomp {

boost::json::object allow_call(std::string_view name);
boost::json::object allow_call(const ArgumentRule& rule);

boost::json::array allowed_calls();          // all that programs may use: the first rule has those of any arguments
boost::json::object allow_unknown_calls();   // where a kernel of the runtime's own answers
boost::json::object refuse_unknown_calls();  // ENOSYS, on which the C library takes another way

// What no rule is about is refused with EPERM.
boost::json::object profile_of(boost::json::array rules);

// Exactly what the native runner's filter says.
boost::json::object strict_profile();

}  // namespace pysandbox::seccomp
