#include "container/spawn.hpp"

#include <fcntl.h>
#include <linux/capability.h>
#include <linux/close_range.h>
#include <linux/sched.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <cstddef>

// Code between clone and exec runs in the parent's memory: sanitizers must not follow it there.
#define PYSANDBOX_BEFORE_EXEC __attribute__((no_sanitize("address", "thread", "undefined"), noinline))

namespace pysandbox::container {
namespace {

constexpr std::size_t maximum_fds = 8;

struct ChildState {
  const SpawnRequest* request;
  int parked[maximum_fds];
  int image;
  int error;
};

// Kept through the exec by way of the ambient set: without a mapped root user there is no other.
PYSANDBOX_BEFORE_EXEC bool keep_capabilities() noexcept {
  __user_cap_header_struct header{_LINUX_CAPABILITY_VERSION_3, 0};
  __user_cap_data_struct sets[2];
  if (::syscall(SYS_capget, &header, sets) != 0) return false;
  sets[0].inheritable = sets[0].permitted;
  sets[1].inheritable = sets[1].permitted;
  if (::syscall(SYS_capset, &header, sets) != 0) return false;
  for (unsigned long capability = 0; capability < 64; ++capability) {
    if ((sets[capability / 32].permitted & (1u << (capability % 32))) == 0) continue;
    if (::syscall(SYS_prctl, PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, capability, 0, 0) != 0) return false;
  }
  return true;
}

// Sources move above all targets first: whatever numbers the host has in use, none overwrites another.
PYSANDBOX_BEFORE_EXEC bool move_descriptors(ChildState& state) noexcept {
  const SpawnRequest& request = *state.request;
  const int count = static_cast<int>(request.fds.size());
  const int above = request.first_target + count;
  for (int i = 0; i < count; ++i) {
    state.parked[i] =
        static_cast<int>(::syscall(SYS_fcntl, request.fds[static_cast<std::size_t>(i)], F_DUPFD_CLOEXEC, above));
    if (state.parked[i] < 0) return false;
  }
  state.image = static_cast<int>(::syscall(SYS_fcntl, request.image, F_DUPFD_CLOEXEC, above));
  if (state.image < 0) return false;
  const long opened = ::syscall(SYS_openat, AT_FDCWD, "/dev/null", O_RDWR | O_CLOEXEC, 0);
  const long null = opened < 0 ? -1 : ::syscall(SYS_fcntl, opened, F_DUPFD_CLOEXEC, above);
  if (null < 0) return false;
  for (int target = 0; target < 3; ++target) {
    if (::syscall(SYS_dup3, null, target, 0) < 0) return false;
  }
  for (int i = 0; i < count; ++i) {
    if (::syscall(SYS_dup3, state.parked[i], request.first_target + i, 0) < 0) return false;
  }
  if (!request.close_others) return true;
  return ::syscall(SYS_close_range, above, ~0u, CLOSE_RANGE_CLOEXEC) == 0;
}

PYSANDBOX_BEFORE_EXEC void run_child(ChildState* state) noexcept {
  if (move_descriptors(*state) && ::syscall(SYS_chdir, "/") == 0 && keep_capabilities()) {
    char name[] = "pysandbox-init";
    char* arguments[] = {name, nullptr};
    char* variables[] = {nullptr};
    ::syscall(SYS_execveat, state->image, "", arguments, variables, AT_EMPTY_PATH);
  }
  state->error = errno;  // the parent reads it: memory is shared
  ::syscall(SYS_exit_group, 127);
  __builtin_unreachable();
}

// clone3(2) with a stack of its own for the child; glibc has no function for it.
PYSANDBOX_BEFORE_EXEC long clone3_call(clone_args* arguments, void (*entry)(ChildState*), ChildState* state) noexcept {
  long result;
  register void (*entry_register)(ChildState*) asm("r12") = entry;
  register ChildState* state_register asm("r13") = state;
  asm volatile(
      "syscall\n\t"
      "test %%rax, %%rax\n\t"
      "jnz 1f\n\t"
      "xor %%ebp, %%ebp\n\t"
      "mov %%r13, %%rdi\n\t"
      "call *%%r12\n\t"
      "hlt\n"
      "1:"
      : "=a"(result)
      : "0"(static_cast<long>(SYS_clone3)), "D"(arguments), "S"(sizeof *arguments), "r"(entry_register),
        "r"(state_register)
      : "rcx", "r11", "memory", "cc");
  return result;
}

class Stack {
 public:
  Stack() : base_(::mmap(nullptr, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_STACK, -1, 0)) {}
  ~Stack() {
    if (base_ != MAP_FAILED) ::munmap(base_, size);
  }
  bool valid() const noexcept { return base_ != MAP_FAILED; }
  std::uint64_t base() const noexcept { return reinterpret_cast<std::uint64_t>(base_); }
  static constexpr std::size_t size = 64 << 10;

 private:
  void* base_;
};

}  // namespace

long spawn_with_namespaces(const SpawnRequest& request, int& pidfd) {
  const Stack stack;
  if (!stack.valid()) return -ENOMEM;
  if (request.fds.size() > maximum_fds) return -E2BIG;
  ChildState state{&request, {}, -1, 0};
  clone_args arguments{};
  arguments.flags = request.namespaces | CLONE_VM | CLONE_VFORK | CLONE_PIDFD;
  arguments.pidfd = reinterpret_cast<std::uint64_t>(&pidfd);
  arguments.stack = stack.base();
  arguments.stack_size = Stack::size;
  if (request.cgroup >= 0) {
    arguments.flags |= CLONE_INTO_CGROUP;
    arguments.cgroup = static_cast<std::uint64_t>(request.cgroup);
  }
  // A handler of the host's must not run in the child.
  sigset_t all;
  sigset_t before;
  ::sigfillset(&all);
  ::pthread_sigmask(SIG_SETMASK, &all, &before);
  const long pid = clone3_call(&arguments, run_child, &state);
  ::pthread_sigmask(SIG_SETMASK, &before, nullptr);
  if (pid < 0 || state.error == 0) return pid;

  siginfo_t info{};
  ::syscall(SYS_waitid, 3 /* P_PIDFD */, pidfd, &info, 4 /* WEXITED */ | 0x40000000 /* __WALL */, nullptr);
  ::close(pidfd);
  pidfd = -1;
  return -state.error;
}

void send_signal(int pidfd, int signal) noexcept { ::syscall(SYS_pidfd_send_signal, pidfd, signal, nullptr, 0); }

}  // namespace pysandbox::container
