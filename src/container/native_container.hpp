// The native runner's internals, for the runner itself and for tests that must weaken it.
#pragma once

#include <cstdint>
#include <memory>
#include <span>

#include <pysandbox/container_runner.hpp>

namespace pysandbox::container {

// make_native_runner() with another init and with layers left out that only a test build of the init can leave out.
std::unique_ptr<ContainerRunner> make_runner(const NativeRunnerOptions& options, std::span<const std::byte> init_image,
                                             std::uint32_t removed_layers);

}  // namespace pysandbox::container
