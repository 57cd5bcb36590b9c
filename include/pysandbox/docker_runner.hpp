// A ContainerRunner whose containers a Docker engine makes. It is a part of its own (the CMake component
// pysandbox::docker), so that nobody else needs libcurl or libarchive.
//
// It speaks the Engine API (1.41 and newer) over the engine's unix socket, or over TCP without TLS: name only an
// address that nobody else can listen on. Whoever can speak to an engine is root on its host; the programs that run
// cannot.
//
// The image must have been made by scripts/make_image.sh or deploy/sandbox-image/Dockerfile, or from such an image.
//
// Against the native runner (docs/adr/0020): all programs share one user id; /dev/shm has a bound of its own, a quarter
// of workspace_bytes and at most 64 MiB; files in /data can be written by the program, as their other names can.
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <string>

#include <pysandbox/container_runner.hpp>
#include <pysandbox/export.hpp>

namespace pysandbox {

// Parked containers: made and started in advance, each for one program, which a new interpreter runs. Most of the time
// of a run is the making of its container. What is parked has the limits and the environment of the last runs.
struct DockerPoolOptions {
  std::uint32_t maximum = 0;           // parked at one time; zero: no pool
  std::chrono::seconds idle_time{60};  // what nobody needed for so long goes
};

struct DockerRunnerOptions {
  std::string engine = "unix:///run/docker.sock";  // or tcp://HOST:PORT
  std::string image = "pysandbox-python";          // a name with or without tag, or an id
  std::string python = "/usr/bin/python3";         // in the image

  // The programs' user and group, as numbers. The default is one that nothing is known to use (systemd,
  // docs/UIDS-GIDS.md: 65520 to 65533 are unused) and that fits into remapped engines.
  std::uint32_t user_id = 65'533;

  // Where the lock of a running runner lies, by which others know that its containers are not leftovers. As for
  // NativeRunnerOptions.
  std::string state_directory{};

  // How long the engine may take for one call. Making a container takes two.
  std::chrono::milliseconds call_timeout{60'000};

  DockerPoolOptions pool{};
};

// Throws Error{invalid_request} for options that make no sense. The engine is not asked before check() or open():
// Error{unavailable} if it does not answer, which may pass; Error{sandbox_unavailable} if it may not be used, lacks the
// image, or cannot enforce a limit. Environments are directories of the engine's host.
PYSANDBOX_EXPORT std::unique_ptr<ContainerRunner> make_docker_runner(const DockerRunnerOptions& options = {});

}  // namespace pysandbox
