#include "container/step_text.hpp"

#include <cerrno>

namespace pysandbox::container {
namespace {

constexpr const char* needs_kernel = "Linux 5.14 or newer is needed";
constexpr const char* try_doctor = "run `pysandbox doctor` to see what is missing";

}  // namespace

StepText text_of(Step step) noexcept {
  switch (step) {
    case Step::receive_plan:
      return {"hand a container its plan", "library and init do not fit; build pysandbox anew"};
    case Step::join_cgroup:
      return {"put a container into its cgroup", "see whether the job's cgroup was removed"};
    case Step::map_ids:
      return {"give a parked container its user", try_doctor};
    case Step::park:
      return {"park an interpreter", "is there memory left?"};
    case Step::final_quota:
      return {"set the quota of the workspace", needs_kernel};
    case Step::open_sources:
      return {"open the files that a container shall see",
              "check that rootfs, /usr, /dev and /proc/sys/user exist and can be read, and are not read-only; in a "
              "container "
              "that takes systempaths=unconfined (docs/deploy.md)"};
    case Step::open_environment:
      return {
          "open the environment of a job",
          "check that its directory is there, and that whoever runs pysandbox owns what lies above it or may enter it"};
    case Step::become_guest:
      return {"give a container its own user", try_doctor};
    case Step::private_mounts:
      return {"make mounts private", try_doctor};
    case Step::new_root:
      return {"make a root file system in memory", needs_kernel};
    case Step::system_files:
      return {"show system files read-only", needs_kernel};
    case Step::environment:
      return {"show the environment of a job", needs_kernel};
    case Step::devices:
      return {"show the harmless devices", "check that /dev holds the standard devices"};
    case Step::processes:
      return {"mount a /proc of processes only", needs_kernel};
    case Step::workspace:
      return {"make the workspace", "is there memory left, and are the limits sensible?"};
    case Step::read_only_root:
      return {"make the root read-only", needs_kernel};
    case Step::enter_root:
      return {"leave the host's file system", "pivot_root(2) does not work on an initramfs"};
    case Step::hide_host:
      return {"hide the host's name and keys", try_doctor};
    case Step::forbid_user_namespaces:
      return {"forbid user namespaces inside", "mount /proc/sys writable for the process that runs pysandbox"};
    case Step::drop_capabilities:
      return {"give capabilities away", try_doctor};
    case Step::receive_program:
      return {"hand a container its program", "is there memory left?"};
    case Step::new_session:
      return {"start a session", try_doctor};
    case Step::standard_streams:
      return {"connect the program's streams", "is there memory left?"};
    case Step::close_descriptors:
      return {"close descriptors", needs_kernel};
    case Step::resource_limits:
      return {"set resource limits", "a limit is beyond what the system allows"};
    case Step::out_of_memory_first:
      return {"mark the program as first to die without memory", try_doctor};
    case Step::landlock:
      return {"apply Landlock rules", try_doctor};
    case Step::seccomp:
      return {"load the system-call filter", "the kernel needs CONFIG_SECCOMP_FILTER"};
    case Step::verify:
      return {"verify the system-call filter", "a forbidden call was let through; report this"};
    case Step::execute:
      return {"start the interpreter", "is the path given as `python` there inside the root?"};
    case Step::count:
      break;
  }
  return {"take an unknown step", "report this"};
}

std::string namespace_remedy(int error) {
  switch (error) {
    case EPERM:
    case EACCES:
      return "unprivileged user namespaces are forbidden here: sysctl kernel.unprivileged_userns_clone=1 (Debian), "
             "kernel.apparmor_restrict_unprivileged_userns=0 (Ubuntu), or run as root";
    case ENOSPC:
    case EUSERS:
      return "raise the sysctls user.max_user_namespaces, user.max_net_namespaces and their like";
    case ENOSYS:
      return "Linux 5.14 or newer is needed, and in a container a system-call profile that allows clone3 "
             "(docs/deploy.md)";
    case EAGAIN:
    case ENOMEM:
      return "the host is out of processes or memory";
    default:
      return try_doctor;
  }
}

}  // namespace pysandbox::container
