// A ContainerRunner that has an OCI runtime make its containers: runc, crun, or gVisor's runsc, which puts a kernel of its
// own between program and host. Part of pysandbox::oci, a library of its own.
//
// Every run is a container of its own with a bundle that nobody else sees. What the runtime is given is as strict as the
// native runner: no network, no capability, a read-only root, the same filter of system calls, the same limits. Slower to
// start, and never used unless it is asked for.
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include <pysandbox/container_runner.hpp>
#include <pysandbox/export.hpp>

namespace pysandbox {

struct OciRunnerOptions {
  // A name that is looked for in the usual directories of programs, or an absolute path.
  std::string runtime = "runc";

  // As in NativeRunnerOptions.
  std::string python = "/usr/bin/python3";
  std::string rootfs{};

  // Host user ids for running jobs, one each. A second range of as many, behind it, are the roots of the containers'
  // user namespaces, as whom nothing runs once a program does.
  std::uint32_t first_uid = 1'900'200'000;
  std::uint32_t uid_count = 4'096;

  // Where the locks of running jobs lie and the runtime keeps its state: a folder that others may pass through. Empty:
  // /run/pysandbox-oci.
  std::string state_directory{};

  // The cgroup below which jobs get theirs, from the root of the hierarchy and the same for all controllers, as runtimes
  // want it. Empty: "/".
  std::string cgroup_parent{};
};

// Needs root. Throws Error{invalid_request} for options that make no sense; whether this host and its runtime can do it
// is told by check() and open().
PYSANDBOX_EXPORT std::unique_ptr<ContainerRunner> make_oci_runner(const OciRunnerOptions& options = {});

}  // namespace pysandbox
