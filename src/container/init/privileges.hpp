// Who the container is, and the powers that it gives away.
#pragma once

#include <cstdint>

namespace pysandbox::container::init {

struct SystemSources;

// Takes back what the program would otherwise inherit from whoever runs us: ignored and blocked signals, a
// real-time or favoured priority, a file mask.
void reset_inheritance() noexcept;

// Moves this process, and so everything it will start, into the job's cgroups. On cgroup v1 writing "0" to `tasks`
// moves only the caller's thread, for which the kernel takes no global lock: others wait 6 to 16 ms for it after a
// quiet moment. On v2 the process was born in its cgroup and there is nothing to write.
//
// The container's cgroup namespace begins there, so that inside nothing shows where "there" is.
void join_cgroup(const int* files, std::uint32_t count) noexcept;

// Takes the ids that the host has mapped.
void become_guest(bool may_set_groups) noexcept;

void hide_host() noexcept;                                           // host name and keyring
void forbid_user_namespaces(const SystemSources& sources) noexcept;  // but not in a zygote's container

// Opens /proc/self/io while it can still be opened; -1 if this kernel has none.
int open_accounting() noexcept;

// Empties every capability set for good, but for a mask of these in what this process itself has.
void keep_capabilities(std::uint32_t kept) noexcept;
inline void drop_capabilities() noexcept { keep_capabilities(0); }

// Of a process that kept some.
void drop_last_capabilities() noexcept;

}  // namespace pysandbox::container::init
