// What a person is told about a step of the lock-down.
#pragma once

#include <string>

#include "container/launch_plan.hpp"

namespace pysandbox::container {

struct StepText {
  const char* what;    // "this host cannot ..."
  const char* remedy;  // what to do next
};

StepText text_of(Step step) noexcept;

// For namespaces that the kernel refused to make.
std::string namespace_remedy(int error);

}  // namespace pysandbox::container
