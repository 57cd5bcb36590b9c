#include "driver/flags.hpp"

#include <fmt/format.h>

#include <stdexcept>

namespace pysandbox::bench {
namespace {

// Options that a library without pools does not have are found out here, so that one benchmark measures both.
template <typename Options>
void set_pool(Options& options, const Flags& flags) {
  if constexpr (requires { options.pool.maximum; }) {
    options.pool.maximum = *flags.pool;
    if (*flags.pool > 0) options.pool.minimum = *flags.pool;
    options.pool.memory_bytes = flags.pool_memory_bytes;
    for (const auto& name : flags.preload) options.pool.preload_packages.push_back(name);
  } else if (*flags.pool > 0) {
    throw std::runtime_error("this build keeps no containers parked");
  }
}

template <typename Parts>
void set_environments(Parts& parts, const Flags& flags) {
  if constexpr (requires { parts.environments; }) {
#ifdef PYSANDBOX_WITH_ENVIRONMENTS
    parts.environments = open_environment_store(flags.environments, *parts.runner);
    return;
#endif
  }
  throw std::runtime_error(fmt::format("this build has no environments, and so none in {}", flags.environments));
}

}  // namespace

Flags parse_flags(int count, char** words) {
  Flags flags;
  for (int at = 1; at < count; at += 2) {
    const std::string name = words[at];
    if (at + 1 == count) throw std::runtime_error(fmt::format("{} needs a value", name));
    const std::string value = words[at + 1];
    if (name == "--files") {
      flags.files = value;
    } else if (name == "--pool") {
      flags.pool = static_cast<std::uint32_t>(std::stoul(value));
    } else if (name == "--pool-memory-bytes") {
      flags.pool_memory_bytes = std::stoull(value);
    } else if (name == "--preload") {
      flags.preload.push_back(value);
    } else if (name == "--environments") {
      flags.environments = value;
    } else {
      throw std::runtime_error(fmt::format("there is no flag {}", name));
    }
  }
  return flags;
}

SandboxParts make_parts(const Flags& flags) {
  NativeRunnerOptions options;
  if (flags.pool) set_pool(options, flags);
  SandboxParts parts;
  parts.runner = make_native_runner(options);
  if (!flags.files.empty()) parts.files = open_local_file_store(flags.files);
  if (!flags.environments.empty()) set_environments(parts, flags);
  return parts;
}

}  // namespace pysandbox::bench
