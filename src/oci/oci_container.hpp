// One container of the OCI runner, and what all of them share.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include <pysandbox/oci_runner.hpp>

#include "container/cgroup.hpp"
#include "container/slot.hpp"
#include "oci/runtime.hpp"
#include "process/launcher.hpp"

namespace pysandbox::oci {

// What all containers of a runner share; outlives them.
struct OciParts {
  const OciRunnerOptions& options;
  Runtime runtime;
  std::vector<std::string> flaws;  // sentences; see known_flaws.hpp
  container::CgroupTree& cgroups;
  const container::SlotTable& slots;
  std::string cgroup_parent;  // of jobs, from the root of the hierarchy
  std::string runtime_state;  // the folder that the runtime gets as --root
  std::string mount_point;    // an empty folder, over which each container mounts its bundle, unseen by others
  ProcessLauncher& launcher;
};

// The words of a runtime before its command: where its state is, and what makes it strict.
std::vector<std::string> runtime_words(const Runtime& runtime, const std::string& state);

// Removes what the runtime remembers of a container, and the container if there still is one.
void delete_container(const OciParts& parts, const std::string& name) noexcept;

std::unique_ptr<Container> make_oci_container(const OciParts& parts, const ContainerSpec& spec);

}  // namespace pysandbox::oci
