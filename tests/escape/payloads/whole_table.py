# expect: ok
# attack: B37 tries every number from 0 to 511 and compares what answers with the published list
# weaken: seccomp
# runsc: note: gVisor of 2022 has no rseq and no pidfd_open; see below
import errno
import os
import select
import signal

import attack

NONSENSE = [-1] * 6
# Calls that a rule checks by argument, or whose nonsense is answered like a refusal.
ARGUMENTS = {
    "clone": [0x800, 0, 0, 0, 0, 0],       # CLONE_SIGHAND alone is invalid
    "fork": [0] * 6, "vfork": [0] * 6,
    "socket": [1, 1, 99, 0, 0, 0],
    "socketpair": [1, 1, 99, 0, 0, 0],
    "fcntl": [-1, 1, 0, 0, 0, 0],          # F_GETFD
    "setsockopt": [-1, 1, 2, 0, 0, 0],     # SOL_SOCKET, SO_REUSEADDR
    "ioctl": [-1, 0x5401, 0, 0, 0, 0],     # TCGETS
    "prctl": [3, 0, 0, 0, 0, 0],           # PR_GET_DUMPABLE
    "prlimit64": [0, 999, 0, 0, 0, 0],
    "madvise": [1, 1, 0, 0, 0, 0],
    "kill": [0, 999, 0, 0, 0, 0],
    "futex": [1, 1, 0, 0, 0, 0],           # FUTEX_WAKE on an odd address
    "exit": [0] * 6, "exit_group": [0] * 6,
}


def published():
    for line in open("reachable_syscalls.txt"):
        if not line.startswith("#"):
            number, name, *marks = line.split()
            yield int(number), name, not marks


def probe(number, arguments):
    """True if the kernel itself answers: with a result, another error, a death or no end."""
    read_end, write_end = os.pipe()
    pid = os.fork()
    if pid == 0:
        _, error = attack.syscall(number, *arguments)
        os.write(write_end, b"-" if error in (errno.EPERM, errno.ENOSYS) else b"+")
        os._exit(0)
    os.close(write_end)
    poll = select.poll()
    poll.register(read_end, select.POLLIN)
    ready = poll.poll(2000)
    answer = os.read(read_end, 1) if ready else b""
    os.kill(pid, signal.SIGKILL)
    os.waitpid(pid, 0)
    os.close(read_end)
    return answer != b"-"


calls = list(published())
names = {number: name for number, name, _ in calls}
attack.precondition(len(calls) > 100, "the published list is short")
reached = {n for n in range(512) if probe(n, ARGUMENTS.get(names.get(n), NONSENSE))}
extra = reached - set(names)
# gVisor of 2022 has not all of them.
absent = {"rseq", "pidfd_open"} if attack.runtime() == "runsc" else set()
missing = [name for number, name, everywhere in calls if everywhere and number not in reached and name not in absent]
print("reached", len(reached), "extra", sorted(extra), "missing", missing)
if extra:
    attack.escaped(f"{len(extra)} calls that the list does not name")
attack.precondition(not missing, "the list names calls that cannot be reached")
attack.blocked()
