// What an installer printed when it failed, as one sentence for whoever asked for the packages.
#pragma once

#include <string>
#include <vector>

#include <pysandbox/error.hpp>

#include "packages/interpreter.hpp"
#include "process/launcher.hpp"

namespace pysandbox::packages {

// The Error to throw. Credentials are masked.
Error explain_failure(const HostProgramEnd& end, const std::vector<std::string>& requirements,
                      const Interpreter& interpreter);

// "there is no package 'pandsa'; did you mean 'pandas'?"
std::string no_such_package(const std::string& name);

}  // namespace pysandbox::packages
