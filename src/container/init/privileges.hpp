// Who the container is, and the powers that it gives away.
#pragma once

#include <cstdint>

namespace pysandbox::container::init {

struct SystemSources;

// An ignored signal or a blocked mask would be inherited by the program.
void reset_signals() noexcept;

// Moves this process, and so everything it will start, into the job's cgroups. On cgroup v1 writing "0" to `tasks`
// moves only the caller's thread, for which the kernel takes no global lock: others wait 6 to 16 ms for it after a
// quiet moment. On v2 the process was born in its cgroup and there is nothing to write.
void join_cgroup(std::uint32_t files) noexcept;

// Waits until the host has mapped our ids, takes them, and hides the cgroup's place.
void become_guest(bool may_set_groups) noexcept;

void hide_host() noexcept;  // host name and keyring
void forbid_user_namespaces(const SystemSources& sources) noexcept;

// Opens /proc/self/io while it can still be opened; -1 if this kernel has none.
int open_accounting() noexcept;

// Empties every capability set, for good.
void drop_capabilities() noexcept;

}  // namespace pysandbox::container::init
