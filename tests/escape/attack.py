"""What the attacks share: how one ends, and system calls that Python has no name for.

An attack ends with one of four words and exit codes:
  BLOCKED       0   every try was stopped
  ESCAPED      42   every try succeeded
  PRECONDITION 43   the attack could not even be tried
  PARTLY       44   some tries were stopped and some were not
"""

import ctypes
import errno
import os
import sys
from typing import NamedTuple

# x86_64; Linux, arch/x86/entry/syscalls/syscall_64.tbl
NUMBERS = {
    "mmap": 9, "ioctl": 16, "getpid": 39, "sendfile": 40, "socket": 41, "connect": 42, "bind": 49, "listen": 50,
    "clone": 56, "shmget": 29, "shmat": 30, "shmctl": 31, "semget": 64, "msgget": 68, "chown": 92, "fchown": 93,
    "lchown": 94, "ptrace": 101, "syslog": 103, "setuid": 105, "setgid": 106, "setpgid": 109, "setreuid": 113,
    "setregid": 114, "setgroups": 116, "setresuid": 117, "setresgid": 119, "capget": 125, "capset": 126,
    "rt_sigqueueinfo": 129, "mknod": 133, "personality": 135, "setpriority": 141, "sched_setparam": 142,
    "sched_setscheduler": 144, "mlock": 149, "munlock": 150, "munlockall": 152, "modify_ldt": 154,
    "pivot_root": 155, "prctl": 157, "adjtimex": 159, "setrlimit": 160, "chroot": 161, "acct": 163,
    "settimeofday": 164, "mount": 165, "umount2": 166, "swapon": 167, "swapoff": 168, "reboot": 169,
    "sethostname": 170, "setdomainname": 171, "iopl": 172, "ioperm": 173, "init_module": 175, "delete_module": 176,
    "quotactl": 179, "setxattr": 188, "fsetxattr": 190, "removexattr": 197, "sched_setaffinity": 203,
    "io_setup": 206, "remap_file_pages": 216, "timer_create": 222, "timer_delete": 226, "clock_settime": 227,
    "mbind": 237, "set_mempolicy": 238, "get_mempolicy": 239, "mq_open": 240, "kexec_load": 246, "add_key": 248,
    "request_key": 249, "keyctl": 250, "ioprio_set": 251, "inotify_init1": 294, "migrate_pages": 256,
    "mknodat": 259, "fchownat": 260, "unshare": 272, "splice": 275, "tee": 276, "vmsplice": 278, "move_pages": 279,
    "perf_event_open": 298, "fanotify_init": 300, "prlimit64": 302, "name_to_handle_at": 303,
    "open_by_handle_at": 304, "clock_adjtime": 305, "setns": 308, "process_vm_readv": 310,
    "process_vm_writev": 311, "kcmp": 312, "finit_module": 313, "sched_setattr": 314, "seccomp": 317, "bpf": 321,
    "userfaultfd": 323, "copy_file_range": 326, "pkey_alloc": 330, "io_uring_setup": 425, "io_uring_enter": 426,
    "io_uring_register": 427, "open_tree": 428, "move_mount": 429, "fsopen": 430, "fsconfig": 431, "fsmount": 432,
    "fspick": 433, "clone3": 435, "pidfd_getfd": 438, "process_madvise": 440, "mount_setattr": 442,
    "quotactl_fd": 443, "landlock_create_ruleset": 444, "landlock_add_rule": 445, "landlock_restrict_self": 446,
    "memfd_secret": 447, "process_mrelease": 448, "futex_waitv": 449, "set_mempolicy_home_node": 450,
}

REFUSED = (errno.EPERM, errno.ENOSYS)

_libc = ctypes.CDLL(None, use_errno=True)
_libc.syscall.restype = ctypes.c_long


def _word(value):
    if value is None:
        return ctypes.c_ulong(0)
    if isinstance(value, int):
        return ctypes.c_ulong(value & 0xFFFF_FFFF_FFFF_FFFF)
    if isinstance(value, bytes):
        return ctypes.c_char_p(value)
    return ctypes.c_void_p(ctypes.addressof(value))


def syscall(number, *args):
    """Calls the kernel. `number` may be a name; an argument a number, bytes, None or a ctypes object.
    Returns the result and errno, one of which is -1 or 0."""
    number = NUMBERS.get(number, number)
    words = [_word(arg) for arg in args] + [ctypes.c_ulong(0)] * (6 - len(args))
    ctypes.set_errno(0)
    result = _libc.syscall(ctypes.c_long(number), *words)
    return result, ctypes.get_errno() if result == -1 else 0


class Try(NamedTuple):
    what: str
    succeeded: bool
    detail: str
    optional: bool


def expect_denied(name, *args, optional=False, what=None):
    """One call that the filter should refuse. It "succeeds" if the kernel itself answers, whatever it says.
    An optional one may be refused by some kernels, so only its success counts."""
    result, error = syscall(name, *args)
    reached = result != -1 or error not in REFUSED
    detail = str(result) if result != -1 else errno.errorcode.get(error, str(error))
    return Try(what or str(name), reached, detail, optional)


def attempt(what, action, optional=False):
    """One step that should fail with OSError. It succeeds if `action` returns."""
    try:
        return Try(what, True, str(action())[:80], optional)
    except OSError as error:
        return Try(what, False, errno.errorcode.get(error.errno, str(error)), optional)


def verdict(*tries):
    """Ends: all tries together are the attack."""
    for one in tries:
        print(f"  {one.what}: {'succeeded' if one.succeeded else 'refused'} ({one.detail})")
    precondition(tries, "nothing was tried")
    if not any(one.succeeded for one in tries):
        blocked()
    stopped = [one.what for one in tries if not one.succeeded and not one.optional]
    if stopped or all(one.optional for one in tries):
        _end("PARTLY", 44, "refused: " + " ".join(stopped))
    escaped()


def verdict_of_any(*tries):
    """Ends: one success is enough."""
    for one in tries:
        print(f"  {one.what}: {'succeeded' if one.succeeded else 'refused'} ({one.detail})")
    precondition(tries, "nothing was tried")
    if any(one.succeeded for one in tries):
        escaped(" ".join(one.what for one in tries if one.succeeded))
    blocked()


def escaped_if(success, why=""):
    if success:
        escaped(why)
    blocked(why)


def blocked(why=""):
    _end("BLOCKED", 0, why)


def escaped(why=""):
    _end("ESCAPED", 42, why)


def precondition(condition, why):
    if not condition:
        _end("PRECONDITION", 43, why)


def host(key):
    """What the test planted on the host: file, socket, abstract, port, shm, namespaces."""
    words = dict(word.split("=", 1) for word in sys.argv[1:] if "=" in word)
    precondition(key in words, f"the test does not tell {key}")
    return words[key]


def runtime():
    """What made the container: native, or an OCI runtime by its name. For what is different there and no escape."""
    return host("runtime")


def in_child(action):
    """Runs `action` in a forked child and returns the child's wait status."""
    pid = os.fork()
    if pid == 0:
        try:
            os._exit(action() or 0)
        except BaseException as error:
            os.write(2, f"child: {error!r}\n".encode())
            os._exit(99)
    return os.waitpid(pid, 0)[1]


def clone(flags):
    """clone(2) of a plain child with `flags`; the child ends at once. As expect_denied()."""
    result, error = syscall("clone", flags | 17)  # SIGCHLD
    if result == 0:
        os._exit(0)
    if result > 0:
        os.waitpid(result, 0)
    return Try(f"clone({flags:#x})", result > 0, errno.errorcode.get(error, str(result)), False)


def _end(word, code, why):
    print(f"{word} {why}".rstrip(), flush=True)
    sys.exit(code)
