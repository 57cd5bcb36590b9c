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

// The same for a zygote.
Words zygote_words(const PackageAids& aids, const NativeRunnerOptions& options);

// False for an environment with code that an interpreter runs when it starts.
bool suits_zygote(const std::string& environment_directory);

// False for a program with a variable that an interpreter, the C library or a library of those that are commonly
// loaded reads when it starts: in a parked interpreter that is over.
bool suits_parked(const Program& program);

// A read-only file in memory that holds `bytes`.
UniqueFd memory_file(const char* name, const std::string& bytes);

}  // namespace pysandbox::container
