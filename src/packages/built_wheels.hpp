// Wheels that were built from source, as files: an installer takes them into account, and they can be unpacked again.
#pragma once

#include <optional>
#include <string>

#include "packages/lock.hpp"
#include "packages/store_layout.hpp"

namespace pysandbox::packages {

// Nothing if there is none of that key, or one that this version cannot read.
std::optional<LockedWheel> read_built(const StoreLayout& layout, const std::string& key);

// Moves `directory`, which holds the file of `wheel` and nothing else, to its place.
void keep_built(const LockedWheel& wheel, const std::string& directory, const StoreLayout& layout);

// Puts its file into `directory`. Throws Error{environment_failed} if it is there no more.
void copy_built(const LockedWheel& wheel, const StoreLayout& layout, const std::string& directory);

}  // namespace pysandbox::packages
