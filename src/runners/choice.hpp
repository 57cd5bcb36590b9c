// Which runner a program of ours uses, as its operator says it. Embedders call the factory that they want.
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include <pysandbox/container_runner.hpp>

namespace pysandbox {

struct RunnerChoice {
  std::string runner = "native";  // or "oci" or "docker"
  std::string runtime{};          // of oci: runc, crun, runsc, or the path of one; empty: runc
  std::string image{};            // of docker: what containers are made from
  std::string engine{};           // of docker: where it listens; empty: the usual socket
  std::uint32_t docker_pool = 0;  // of docker: containers that wait for programs

  // `python` holds for all runners, `state_directory` too, `rootfs` and `cgroup_parent` for native and oci, the pool
  // for native alone.
  NativeRunnerOptions native{};
};

// Throws Error{invalid_request} for words that make no sense together, and for a runner that this build has not.
std::unique_ptr<ContainerRunner> make_runner(const RunnerChoice& choice);

}  // namespace pysandbox
