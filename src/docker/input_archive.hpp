// The files of a program, as the archive that the keeper unpacks.
#pragma once

#include <functional>
#include <string_view>

#include <pysandbox/container_runner.hpp>

#include "container/package_aids.hpp"

namespace pysandbox::docker {

// Hands the archive over in pieces: below "workspace/" inputs and code, below "tmp/" what packages need, and "stdin".
// Throws as Container::run() does for sources, and what `take` throws.
void write_inputs(const Program& program, const container::PackageAids& aids,
                  const std::function<void(std::string_view)>& take);

}  // namespace pysandbox::docker
