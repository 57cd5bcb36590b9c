// The words that the init executes: the interpreter, our bootstrap, the
// program's arguments, and its environment.
#pragma once

#include <string>

#include <pysandbox/container_runner.hpp>

#include "container/launch_plan.hpp"
#include "container/package_aids.hpp"
#include "support/unique_fd.hpp"

namespace pysandbox::container {

struct Words {
  ProgramPlan plan;  // with the counts filled in
  std::string bytes;
};

// `inherit` passes this process's own environment on: for the tests' weakened profile only.
Words program_words(const Program& program, const PackageAids& aids, const std::string& python, bool inherit);

// A read-only file in memory that holds `bytes`.
UniqueFd memory_file(const char* name, const std::string& bytes);

}  // namespace pysandbox::container
