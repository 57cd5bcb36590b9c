// What an engine is and can enforce.
#pragma once

#include <string>
#include <vector>

#include <pysandbox/container_runner.hpp>
#include <pysandbox/docker_runner.hpp>

#include "docker/engine_client.hpp"

namespace pysandbox::docker {

struct EngineFacts {
  std::string version{};         // "20.10.24"
  std::string cgroup_version{};  // "1" or "2"
  bool limits_memory = false;
  bool limits_swap = false;
  bool limits_processes = false;
  bool limits_cpus = false;
  bool filters_calls = false;  // seccomp
  bool rootless = false;
  bool remaps_users = false;
};

// Throws as EngineClient does.
EngineFacts ask_facts(EngineClient& client);

// Throws Error{sandbox_unavailable} for an engine that cannot enforce what must be.
void require_limits(const EngineFacts& facts);

// Throws Error{sandbox_unavailable} for an image that is not there or is none of ours.
void require_image(EngineClient& client, const DockerRunnerOptions& options);

// One finding for each of the above; never throws Error.
std::vector<HostFinding> check_engine(EngineClient& client, const DockerRunnerOptions& options);

}  // namespace pysandbox::docker
