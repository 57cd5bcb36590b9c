// Starts a program from a descriptor, in new namespaces, from any thread of any
// process, as vfork(2) does: memory is shared until the exec, so the cost does not grow with the host.
#pragma once

#include <cstdint>
#include <span>

namespace pysandbox::container {

struct SpawnRequest {
  int image;                 // what to execute
  std::span<const int> fds;  // become first_target, first_target + 1, ...
  int first_target;
  std::uint64_t namespaces;  // CLONE_NEW*
  int cgroup;                // a cgroup v2 directory to be born into; -1: the caller's
  bool close_others;         // all further descriptors
};

// The process has all capabilities in its new user namespace, and keeps them through the exec although its
// user is not mapped yet; 0, 1 and 2 are /dev/null. Returns its pid, or a negative errno.
long spawn_with_namespaces(const SpawnRequest& request, int& pidfd);

void send_signal(int pidfd, int signal) noexcept;

}  // namespace pysandbox::container
