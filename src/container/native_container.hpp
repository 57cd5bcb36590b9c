// The native runner's internals, for the runner itself and for tests that must weaken it.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>

#include <pysandbox/container_runner.hpp>

namespace pysandbox::container {

// The directory of everything that the program could write; -1 before run(). For tests that read it
// in the ways that collect() must not.
class WorkspaceHolder {
 public:
  virtual ~WorkspaceHolder() = default;
  virtual int workspace_directory() const noexcept = 0;
};

// How many containers wait in an environment. For tests that must know which start a run will have.
class PoolHolder {
 public:
  virtual ~PoolHolder() = default;
  virtual std::size_t parked(const std::string& environment_directory) = 0;
};

// make_native_runner() with another init and with layers left out that only a test build of the init can leave out.
std::unique_ptr<ContainerRunner> make_runner(const NativeRunnerOptions& options, std::span<const std::byte> init_image,
                                             std::uint32_t removed_layers);

}  // namespace pysandbox::container
