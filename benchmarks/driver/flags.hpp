// How the driver is started: what its Sandbox in this process is made of.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include <pysandbox/sandbox.hpp>

namespace pysandbox::bench {

struct Flags {
  std::string files{};                           // --files DIRECTORY: where artifacts are kept; empty: they are not
  std::optional<std::uint32_t> pool;             // --pool COUNT: parked containers; none: as the library has it
  std::uint64_t pool_memory_bytes = 1ULL << 30;  // --pool-memory-bytes COUNT: what they may use together
  std::vector<std::string> preload{};  // --preload MODULE, as often as wanted: what of packages they have loaded
  std::string environments{};          // --environments DIRECTORY: where sets of packages are
};

// Throws std::runtime_error for what is no flag.
Flags parse_flags(int count, char** words);

// Throws std::runtime_error for what this library cannot do.
SandboxParts make_parts(const Flags& flags);

}  // namespace pysandbox::bench
