// What an installer printed when it failed, as one sentence for whoever asked for the packages.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include <pysandbox/error.hpp>

#include "packages/installer.hpp"
#include "packages/interpreter.hpp"
#include "process/launcher.hpp"

namespace pysandbox::packages {

// Why there is no set of wheels; credentials are masked. Throws what is no answer: Error{unavailable} and
// Error{conflict}.
Unresolved explain_failure(const HostProgramEnd& end, const std::vector<std::string>& requirements,
                           const Interpreter& interpreter);

// Packages that have no wheel that fits, in the words of uv or pip.
std::vector<MissingWheel> missing_wheels(std::string_view output);

// "there is no package 'pandsa'; did you mean 'pandas'?"
std::string no_such_package(const std::string& name);

}  // namespace pysandbox::packages
