#include "container/host_check.hpp"

#include <fcntl.h>
#include <linux/landlock.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/utsname.h>
#include <unistd.h>

#include <cstdio>
#include <string>

#include "container/cgroup.hpp"
#include "support/syscall.hpp"

namespace pysandbox::container {
namespace {

using Level = HostFinding::Level;

HostFinding check_kernel() {
  utsname name{};
  ::uname(&name);
  int major = 0;
  int minor = 0;
  std::sscanf(name.release, "%d.%d", &major, &minor);
  const bool enough = major > 5 || (major == 5 && minor >= 14);
  return {"kernel", enough ? Level::pass : Level::missing, std::string("Linux ") + name.release,
          enough ? "" : "Linux 5.14 or newer is needed"};
}

// A sysctl that is there must not have the value that switches namespaces off.
HostFinding check_user_namespaces() {
  struct Switch {
    const char* file;
    const char* off;
    const char* remedy;
  };
  constexpr Switch switches[] = {
      {"/proc/sys/user/max_user_namespaces", "0", "sysctl user.max_user_namespaces=10000"},
      {"/proc/sys/kernel/unprivileged_userns_clone", "0", "sysctl kernel.unprivileged_userns_clone=1, or run as root"},
      {"/proc/sys/kernel/apparmor_restrict_unprivileged_userns", "1",
       "sysctl kernel.apparmor_restrict_unprivileged_userns=0, or run as root"},
  };
  for (const Switch& one : switches) {
    std::string value = read_small_file(one.file);
    while (!value.empty() && value.back() == '\n') value.pop_back();
    const bool applies = ::geteuid() != 0 || one.file == switches[0].file;
    if (applies && value == one.off) {
      return {"user namespaces", Level::missing, std::string(one.file) + " is " + value, one.remedy};
    }
  }
  return {"user namespaces", Level::pass, "allowed", ""};
}

HostFinding check_cgroup(const NativeRunnerOptions& options) {
  const CgroupDiscovery found = find_cgroup_tree(options.cgroup_parent);
  if (found.tree) return {"cgroup", Level::pass, found.tree->version() + " at " + found.tree->place(), ""};
  const Level level = ::geteuid() == 0 && options.cgroup_parent != "none" ? Level::missing : Level::weaker;
  return {"cgroup", level, found.obstacle + ": limits are kept by rlimits and a watchdog", found.remedy};
}

HostFinding check_unique_uid(const NativeRunnerOptions& options) {
  if (::geteuid() == 0) {
    return {"user id per job", Level::pass,
            "from " + std::to_string(options.first_uid) + " up, " + std::to_string(options.uid_count) + " of them", ""};
  }
  return {"user id per job", Level::weaker, "all jobs run as your own user id; namespaces alone keep them apart",
          "run as root for a user id per job"};
}

HostFinding check_seccomp() {
  const bool there = ::prctl(PR_GET_SECCOMP) >= 0;
  return {"seccomp filter", there ? Level::pass : Level::missing, there ? "available" : "not in this kernel",
          there ? "" : "use a kernel with CONFIG_SECCOMP_FILTER"};
}

HostFinding check_landlock() {
  const long abi = ::syscall(SYS_landlock_create_ruleset, nullptr, 0, LANDLOCK_CREATE_RULESET_VERSION);
  if (abi >= 6) return {"Landlock", Level::pass, "ABI " + std::to_string(abi), ""};
  if (abi > 0) {
    return {"Landlock", Level::weaker,
            "ABI " + std::to_string(abi) + ": files are guarded, abstract sockets and signals not",
            "Linux 6.12 or newer has ABI 6"};
  }
  return {"Landlock", Level::weaker, "not active: the mounts alone guard files", "boot with lsm=landlock,..."};
}

HostFinding check_python(const NativeRunnerOptions& options) {
  const std::string path = options.rootfs + options.python;
  const bool there = ::access(path.c_str(), X_OK) == 0;
  return {"interpreter", there ? Level::pass : Level::missing, there ? path : path + " cannot be executed",
          there ? "" : "install python3, or name another interpreter"};
}

HostFinding check_files() {
  for (const char* path : {"/dev/null", "/dev/zero", "/dev/full", "/dev/random", "/dev/urandom"}) {
    if (::access(path, R_OK) != 0)
      return {"devices", Level::missing, std::string(path) + " is not there", "mount /dev"};
  }
  return {"devices", Level::pass, "the five that a program may use are there", ""};
}

HostFinding check_swap_and_core() {
  const std::string pattern = read_small_file("/proc/sys/kernel/core_pattern");
  if (!pattern.empty() && pattern.front() == '|') {
    return {"core dumps", Level::weaker, "a host program receives them; jobs make none (RLIMIT_CORE is 0)",
            "sysctl kernel.core_pattern=core"};
  }
  return {"core dumps", Level::pass, "jobs make none", ""};
}

}  // namespace

std::vector<HostFinding> check_host(const NativeRunnerOptions& options) {
  return {check_kernel(),   check_user_namespaces(), check_cgroup(options), check_unique_uid(options), check_seccomp(),
          check_landlock(), check_python(options),   check_files(),         check_swap_and_core()};
}

}  // namespace pysandbox::container
