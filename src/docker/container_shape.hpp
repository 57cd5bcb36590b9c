// What must be known of a container before it is made, and the words in which an engine is asked for it.
#pragma once

#include <cstdint>
#include <string>

#include <pysandbox/container_runner.hpp>
#include <pysandbox/docker_runner.hpp>

#include "container/workspace.hpp"

namespace pysandbox::docker {

// Containers of one shape can stand in for each other.
struct ContainerShape {
  std::uint64_t memory_bytes = 0;
  std::uint64_t processes = 0;  // of the program: ours come on top
  double cpus = 0;
  std::uint64_t workspace_bytes = 0;  // of the tmpfs: what inputs need comes on top of the program's own
  std::uint64_t workspace_inodes = 0;
  std::uint64_t shm_bytes = 0;
  std::string environment_directory{};

  bool operator==(const ContainerShape&) const = default;
};

// Room for inputs is given in steps, so that programs with about the same inputs share a shape.
ContainerShape shape_of(const ContainerSpec& spec, const container::InputNeed& inputs);

// Labels of our containers: whose they are, and of our image.
inline constexpr const char* runner_label = "io.pysandbox.runner";
inline constexpr const char* image_label = "io.pysandbox.image";

// The body of POST /containers/create.
std::string creation_json(const ContainerShape& shape, const DockerRunnerOptions& options,
                          const std::string& runner_id);

// The processes of a container while it starts, when the threads of the engine's runtime count too.
std::uint64_t processes_at_start(const ContainerShape& shape) noexcept;
std::uint64_t processes_when_started(const ContainerShape& shape) noexcept;

}  // namespace pysandbox::docker
