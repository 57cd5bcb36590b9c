// A bundle: what an OCI runtime is told to make, and where its files lie while it does.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include <pysandbox/limits.hpp>

#include "oci/root_layout.hpp"
#include "oci/runtime.hpp"

namespace pysandbox::oci {

struct Bundle {
  std::string directory;     // holds config.json, and "rootfs"
  std::string space;         // the one writable file system: workspace, data, tmp, shm, report
  std::string steward;       // the file that becomes pid 1
  std::string environment;   // shown as /environment; empty: none
  std::vector<Shown> shown;  // of the host, read-only
  std::string cgroup_path;   // from the root of the hierarchy
  std::uint32_t guest_uid;   // of the host: whom the program runs as
  std::uint32_t root_uid;    // of the host: the root of its user namespace
  Limits limits;             // for the cgroup, while the container starts
  bool counts_swap;          // this kernel limits memory and swap together
};

// The text of config.json (OCI runtime specification 1.0.2).
std::string bundle_config(const Bundle& bundle, RuntimeKind runtime);

}  // namespace pysandbox::oci
