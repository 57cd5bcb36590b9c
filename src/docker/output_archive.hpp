// Files that come out of a container as an archive, written by the keeper or by whoever got hold of it: exactly those
// that were asked for, in that order, regular, and no longer than they were said to be.
#pragma once

#include <functional>
#include <span>
#include <vector>

#include <pysandbox/container_runner.hpp>

#include "docker/keeper_words.hpp"

namespace pysandbox::docker {

// Fills the buffer with the next bytes of the archive; zero at the end. It may throw.
using ArchiveSource = std::function<std::size_t(std::span<char>)>;

// Hands over each file of `wanted` that came; gives back how many did not. Throws Error{unavailable} for what is no
// such archive, and what `source` and `take` throw.
std::size_t read_outputs(const std::vector<ListedFile>& wanted, const ArchiveSource& source,
                         const std::function<void(OutputFile&)>& take);

}  // namespace pysandbox::docker
