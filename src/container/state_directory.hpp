// Where the locks of runners and their jobs lie.
#pragma once

#include <string>

namespace pysandbox::container {

// `given`, or what this user has for it if that is empty. It is there and nobody else can write it when this returns;
// Error{sandbox_unavailable} if that cannot be had.
std::string make_state_directory(const std::string& given);

}  // namespace pysandbox::container
