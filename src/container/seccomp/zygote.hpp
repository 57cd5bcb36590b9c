// What a zygote may do besides what a program may: the calls that build a container. They are of use only in a
// user namespace of one's own, and a zygote has no capability but in those that it makes.
#pragma once

#include <array>
#include <string_view>

namespace pysandbox::seccomp {

// Whatever the arguments.
// clang-format off
inline constexpr auto allowed_to_zygotes = std::to_array<std::string_view>({
    "clone3", "unshare", "fsopen", "fsconfig", "fsmount", "fspick", "open_tree", "move_mount", "mount_setattr", "mount",
    "umount2", "pivot_root", "setresuid", "setresgid", "setgroups", "sethostname", "setdomainname", "keyctl", "prctl",
    "capset", "seccomp", "landlock_create_ruleset", "landlock_add_rule", "landlock_restrict_self", "signalfd4",
    "getpriority", "setpriority", "sched_setscheduler", "madvise",
});
// clang-format on

}  // namespace pysandbox::seccomp
