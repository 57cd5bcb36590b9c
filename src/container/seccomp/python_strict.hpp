// The system calls that a program may use: the profile "python-strict".
//
// Measured: what CPython 3.11 with numpy, sqlite, threads, multiprocessing and
// subprocess needs, and no more. What is left out falls back inside CPython (sendfile, clone3)
// or has no use for a job. docs/threat-model.md gives the reasons.
#pragma once

#include <asm/termbits.h>
#include <fcntl.h>
#include <linux/futex.h>
#include <linux/prctl.h>
#include <linux/sched.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/socket.h>

#include <array>
#include <cstdint>
#include <string_view>

namespace pysandbox::seccomp {

// Allowed whatever the arguments.
// clang-format off
inline constexpr auto allowed = std::to_array<std::string_view>({
    // files
    "read", "write", "readv", "writev", "pread64", "pwrite64", "preadv", "pwritev", "close", "close_range", "lseek",
    "openat", "open", "stat", "fstat", "lstat", "newfstatat", "statx", "access", "faccessat", "faccessat2",
    "readlink", "readlinkat", "getdents64", "getcwd", "chdir", "fchdir", "dup", "dup2", "dup3", "flock", "fsync",
    "fdatasync", "ftruncate", "truncate", "fallocate", "fadvise64", "mkdir", "mkdirat", "rmdir", "unlink", "unlinkat",
    "rename", "renameat", "renameat2", "link", "linkat", "symlink", "symlinkat", "chmod", "fchmod", "fchmodat",
    "fchmodat2", "utimensat", "umask", "statfs", "fstatfs", "listxattr", "llistxattr", "flistxattr", "getxattr",
    "lgetxattr", "fgetxattr", "memfd_create",
    // waiting
    "pipe", "pipe2", "poll", "ppoll", "select", "pselect6", "epoll_create1", "epoll_ctl", "epoll_wait", "epoll_pwait",
    "eventfd2", "timerfd_create", "timerfd_settime", "timerfd_gettime",
    // memory
    "mmap", "munmap", "mprotect", "mremap", "brk", "msync",
    // threads and processes
    "futex", "set_robust_list", "get_robust_list", "set_tid_address", "rseq", "sched_yield", "sched_getaffinity",
    "sched_getparam", "sched_getscheduler", "sched_get_priority_max", "sched_get_priority_min", "getcpu",
    "membarrier", "vfork", "fork", "execve", "exit", "exit_group", "wait4", "waitid", "pidfd_open", "getpid",
    "gettid", "getppid", "getpgrp", "getpgid", "getsid", "setsid", "getuid", "geteuid", "getgid", "getegid",
    "getresuid", "getresgid", "getgroups", "kill", "tkill", "tgkill", "rt_sigaction", "rt_sigprocmask",
    "rt_sigreturn", "rt_sigpending", "rt_sigtimedwait", "sigaltstack", "restart_syscall", "arch_prctl",
    // time
    "alarm", "setitimer", "getitimer", "clock_gettime", "clock_getres", "clock_nanosleep", "nanosleep",
    "gettimeofday", "time", "times",
    // about itself
    "getrusage", "getrlimit", "uname", "sysinfo", "getrandom",
    // sockets; which ones may be made is an argument rule
    "getsockname", "getsockopt", "sendto", "recvfrom", "sendmsg", "recvmsg", "shutdown",
});
// clang-format on

// A condition on an argument: (argument & mask) == value. The mask is the width that the kernel looks at, so that set
// high bits change nothing.
struct Condition {
  unsigned argument;
  std::uint64_t mask;
  std::uint64_t value;
};

// Allowed if its conditions hold. Several rules for one call are alternatives.
struct ArgumentRule {
  std::string_view name;
  Condition first;
  Condition second{0, 0, 0};  // holds always
};

inline constexpr std::uint64_t low_word = 0xffffffff;
inline constexpr std::uint64_t socket_kind = 0xf;  // SOCK_TYPE_MASK in linux/net.h

// Every CLONE_NEW*: a new namespace is new attack surface (CVE-2022-0185, CVE-2024-1086).
inline constexpr std::uint64_t namespace_flags =
    CLONE_NEWNS | CLONE_NEWCGROUP | CLONE_NEWUTS | CLONE_NEWIPC | CLONE_NEWUSER | CLONE_NEWPID | CLONE_NEWNET;

inline constexpr auto allowed_arguments = std::to_array<ArgumentRule>({
    {"clone", {0, namespace_flags, 0}},
    // Without a network only AF_UNIX is left; AF_ALG and AF_VSOCK are the dangerous ones (CVE-2026-31431). No
    // datagrams: they need no connection to reach a socket that lies in a given root file system.
    {"socket", {0, low_word, AF_UNIX}, {1, socket_kind, SOCK_STREAM}},
    {"socket", {0, low_word, AF_UNIX}, {1, socket_kind, SOCK_SEQPACKET}},
    {"socketpair", {0, low_word, AF_UNIX}, {1, socket_kind, SOCK_STREAM}},
    {"socketpair", {0, low_word, AF_UNIX}, {1, socket_kind, SOCK_SEQPACKET}},
    // Not SO_ATTACH_FILTER and its like, which reach the kernel's BPF.
    {"setsockopt", {1, low_word, SOL_SOCKET}, {2, low_word, SO_REUSEADDR}},
    {"setsockopt", {1, low_word, SOL_SOCKET}, {2, low_word, SO_SNDBUF}},
    {"setsockopt", {1, low_word, SOL_SOCKET}, {2, low_word, SO_RCVBUF}},
    {"setsockopt", {1, low_word, SOL_SOCKET}, {2, low_word, SO_KEEPALIVE}},
    {"setsockopt", {1, low_word, SOL_SOCKET}, {2, low_word, SO_PASSCRED}},
    {"setsockopt", {1, low_word, SOL_SOCKET}, {2, low_word, SO_RCVTIMEO}},
    {"setsockopt", {1, low_word, SOL_SOCKET}, {2, low_word, SO_SNDTIMEO}},
    // Not F_NOTIFY, F_SETLEASE, F_SETOWN: they tell when somebody else reads a shared file. Not F_SETPIPE_SZ: kernel
    // memory.
    {"fcntl", {1, low_word, F_DUPFD}},
    {"fcntl", {1, low_word, F_DUPFD_CLOEXEC}},
    {"fcntl", {1, low_word, F_GETFD}},
    {"fcntl", {1, low_word, F_SETFD}},
    {"fcntl", {1, low_word, F_GETFL}},
    {"fcntl", {1, low_word, F_SETFL}},
    {"fcntl", {1, low_word, F_GETLK}},
    {"fcntl", {1, low_word, F_SETLK}},
    {"fcntl", {1, low_word, F_SETLKW}},
    {"fcntl", {1, low_word, F_OFD_GETLK}},
    {"fcntl", {1, low_word, F_OFD_SETLK}},
    {"fcntl", {1, low_word, F_OFD_SETLKW}},
    {"fcntl", {1, low_word, F_ADD_SEALS}},
    {"fcntl", {1, low_word, F_GET_SEALS}},
    {"fcntl", {1, low_word, F_GETPIPE_SZ}},
    // No terminal requests: TIOCSTI types into the host's terminal (CVE-2017-5226).
    {"ioctl", {1, low_word, TCGETS}},
    {"ioctl", {1, low_word, FIONREAD}},
    {"ioctl", {1, low_word, FIONBIO}},
    {"ioctl", {1, low_word, FIOCLEX}},
    {"ioctl", {1, low_word, FIONCLEX}},
    {"ioctl", {1, low_word, TIOCGWINSZ}},
    {"prctl", {0, low_word, PR_SET_NAME}},
    {"prctl", {0, low_word, PR_GET_NAME}},
    {"prctl", {0, low_word, PR_GET_DUMPABLE}},
    {"prctl", {0, low_word, PR_GET_NO_NEW_PRIVS}},
    {"prctl", {0, low_word, PR_SET_NO_NEW_PRIVS}},
    {"prctl", {0, low_word, PR_GET_SECCOMP}},
    {"prctl", {0, low_word, PR_SET_PDEATHSIG}},
    {"prctl", {0, low_word, PR_GET_PDEATHSIG}},
    {"prctl", {0, low_word, PR_SET_VMA}},
    // Its own limits only.
    {"prlimit64", {0, low_word, 0}},
    {"madvise", {2, low_word, MADV_NORMAL}},
    {"madvise", {2, low_word, MADV_RANDOM}},
    {"madvise", {2, low_word, MADV_SEQUENTIAL}},
    {"madvise", {2, low_word, MADV_WILLNEED}},
    {"madvise", {2, low_word, MADV_DONTNEED}},
    {"madvise", {2, low_word, MADV_FREE}},
    {"madvise", {2, low_word, MADV_DONTFORK}},
    {"madvise", {2, low_word, MADV_DOFORK}},
    {"madvise", {2, low_word, MADV_HUGEPAGE}},
    {"madvise", {2, low_word, MADV_NOHUGEPAGE}},
    {"madvise", {2, low_word, MADV_DONTDUMP}},
    {"madvise", {2, low_word, MADV_DODUMP}},
});

// Answered with ENOSYS, which tells libraries to use the older call. Everything else that is not allowed
// gets EPERM: a kill would turn every forgotten call into a crash.
inline constexpr auto unknown = std::to_array<std::string_view>({"clone3"});

// Numbers from here on belong to kernels that are newer than this review.
inline constexpr int first_unreviewed_call = 453;
inline constexpr int last_unreviewed_call = 511;

}  // namespace pysandbox::seccomp
