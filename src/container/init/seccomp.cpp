#include "container/init/seccomp.hpp"

#include <linux/filter.h>
#include <linux/keyctl.h>
#include <linux/seccomp.h>
#include <sched.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <cstddef>

#include "container/init/step.hpp"

namespace pysandbox::container::init {
namespace {

constexpr sock_filter python_strict[] = {
#include "python_strict.inc"
};

constexpr sock_filter zygote[] = {
#include "zygote.inc"
};

template <std::size_t Size>
void load(const sock_filter (&filter)[Size]) noexcept {
  begin(Step::seccomp);
  if (!applies(Layer::seccomp)) return;
  const sock_fprog program{Size, const_cast<sock_filter*>(filter)};
  require(::syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, &program));
}

// Answers EPERM because of the filter alone: without it each of these would
// succeed or fail in another way.
void must_be_refused(long number, long first, long second = 0, int expected = EPERM) noexcept {
  errno = 0;
  if (::syscall(number, first, second, 0L, 0L, 0L) != -1 || errno != expected) fail(EPROTO);
}

}  // namespace

void load_seccomp() noexcept { load(python_strict); }
void load_zygote_seccomp() noexcept { load(zygote); }

void verify_seccomp() noexcept {
  begin(Step::verify);
  if (!applies(Layer::seccomp)) return;
  must_be_refused(SYS_unshare, 0);
  must_be_refused(SYS_personality, 0xffffffff);
  must_be_refused(SYS_socket, AF_ALG, SOCK_SEQPACKET);
  must_be_refused(SYS_socket, AF_INET, SOCK_STREAM);
  must_be_refused(SYS_setns, -1);
  must_be_refused(SYS_keyctl, KEYCTL_GET_KEYRING_ID, KEY_SPEC_SESSION_KEYRING);
  must_be_refused(SYS_io_uring_setup, 0);
  must_be_refused(SYS_clone, CLONE_NEWUSER);
  must_be_refused(SYS_clone3, 0, 0, ENOSYS);
}

void verify_zygote_seccomp() noexcept {
  begin(Step::verify);
  if (!applies(Layer::seccomp)) return;
  must_be_refused(SYS_socket, AF_ALG, SOCK_SEQPACKET);
  must_be_refused(SYS_socket, AF_INET, SOCK_STREAM);
  must_be_refused(SYS_setns, -1);
  must_be_refused(SYS_ptrace, 0);
  must_be_refused(SYS_bpf, 0);
  must_be_refused(SYS_io_uring_setup, 0);
}

}  // namespace pysandbox::container::init
