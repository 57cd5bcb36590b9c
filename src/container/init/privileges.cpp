#include "container/init/privileges.hpp"

#include <fcntl.h>
#include <grp.h>
#include <linux/capability.h>
#include <linux/keyctl.h>
#include <linux/securebits.h>
#include <sched.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>

#include "container/init/step.hpp"
#include "container/init/system_files.hpp"
#include "container/launch_plan.hpp"

namespace pysandbox::container::init {
namespace {

// All sets, to nothing or to these of the first 32 capabilities.
void set_capabilities(std::uint32_t kept) noexcept {
  __user_cap_header_struct header{_LINUX_CAPABILITY_VERSION_3, 0};
  const __user_cap_data_struct sets[2]{{kept, kept, 0}, {0, 0, 0}};
  require(::syscall(SYS_capset, &header, sets));
}

void empty_bounding_set() noexcept {
  for (unsigned long capability = 0; ::prctl(PR_CAPBSET_READ, capability) >= 0; ++capability) {
    require(::prctl(PR_CAPBSET_DROP, capability));
  }
}

}  // namespace

void reset_inheritance() noexcept {
  for (int signal = 1; signal < NSIG; ++signal) ::signal(signal, SIG_DFL);
  sigset_t none;
  ::sigemptyset(&none);
  ::sigprocmask(SIG_SETMASK, &none, nullptr);
  ::umask(022);
  begin(Step::receive_plan);
  const sched_param ordinary{};
  if (::sched_getscheduler(0) != SCHED_OTHER) require(::sched_setscheduler(0, SCHED_OTHER, &ordinary));
  if (::getpriority(PRIO_PROCESS, 0) < 0) require(::setpriority(PRIO_PROCESS, 0, 0));
}

void join_cgroup(const int* files, std::uint32_t count) noexcept {
  begin(Step::join_cgroup);
  for (std::uint32_t i = 0; i < count; ++i) {
    require(::write(files[i], "0", 1));
    ::close(files[i]);
  }
  require(::unshare(CLONE_NEWCGROUP));
}

void become_guest(bool may_set_groups) noexcept {
  begin(Step::become_guest);
  require(::prctl(PR_SET_SECUREBITS, SECBIT_NO_SETUID_FIXUP | SECBIT_NOROOT | SECBIT_KEEP_CAPS));
  if (may_set_groups) require(::setgroups(0, nullptr));
  require(::setresgid(guest_id, guest_id, guest_id));
  require(::setresuid(guest_id, guest_id, guest_id));
}

void hide_host() noexcept {
  begin(Step::hide_host);
  if (applies(Layer::uts)) {
    require(::sethostname("sandbox", 7));
    require(::setdomainname("", 0));
  }
  // Keyrings have no namespace. A kernel without them answers ENOSYS and has nothing to hide.
  if (::syscall(SYS_keyctl, KEYCTL_JOIN_SESSION_KEYRING, nullptr) < 0 && errno != ENOSYS) fail(errno);
}

void forbid_user_namespaces(const SystemSources& sources) noexcept {
  begin(Step::forbid_user_namespaces);
  if (sources.user_namespace_limit < 0) return;  // of a zygote's come those of the parked containers
  if (applies(Layer::user_namespaces)) require(::write(sources.user_namespace_limit, "0", 1));
  ::close(sources.user_namespace_limit);
}

int open_accounting() noexcept {
  // Having changed ids we own nothing below /proc/self until we are dumpable again.
  ::prctl(PR_SET_DUMPABLE, 1);
  const int fd = ::open("/proc/self/io", O_RDONLY | O_CLOEXEC);
  ::prctl(PR_SET_DUMPABLE, 0);
  return fd;
}

void keep_capabilities(std::uint32_t kept) noexcept {
  begin(Step::drop_capabilities);
  require(::prctl(PR_SET_DUMPABLE, 0));
  if (applies(Layer::no_new_privs)) require(::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0));
  if (!applies(Layer::capabilities)) return;
  empty_bounding_set();
  require(::prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0));
  require(::prctl(PR_SET_SECUREBITS, SECBIT_NOROOT | SECBIT_NOROOT_LOCKED | SECBIT_NO_SETUID_FIXUP |
                                         SECBIT_NO_SETUID_FIXUP_LOCKED | SECBIT_KEEP_CAPS_LOCKED |
                                         SECBIT_NO_CAP_AMBIENT_RAISE | SECBIT_NO_CAP_AMBIENT_RAISE_LOCKED));
  set_capabilities(kept);
}

void drop_last_capabilities() noexcept {
  begin(Step::drop_capabilities);
  set_capabilities(0);
}

}  // namespace pysandbox::container::init
