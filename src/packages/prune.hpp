// Keeps a store of environments within a budget of bytes.
#pragma once

#include <cstdint>

#include "packages/store_layout.hpp"

namespace pysandbox::packages {

// Removes environments that nobody holds, the longest unused first, until all together have at most `budget_bytes`;
// then wheels that no environment has, as long as nobody makes one. Returns how many bytes are free now that were not.
std::uint64_t prune_store(const StoreLayout& layout, std::uint64_t budget_bytes);

}  // namespace pysandbox::packages
