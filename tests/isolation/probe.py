"""Looks around from inside of a sandbox and prints what it found as one line of JSON. Standard library only: it runs wherever Python does.

    probe.py look BAIT IMAGE...   BAIT: a name that was planted on the host; IMAGE: what was handed in, and is not searched
    probe.py hold NAME            calls itself NAME and waits, so that the host can read its filter
"""
import ctypes
import errno
import json
import os
import select
import signal
import socket
import stat
import sys
import time

LAST = 470  # past the newest number of Linux 6.18, listns(2)

# Nonsense that the kernel refuses; for these calls other arguments, with which nothing happens either.
NONSENSE = [-1] * 6
ARGUMENTS = {
    16: [-1, 0x5401, 0, 0, 0, 0],   # ioctl: TCGETS
    28: [1, 1, 0, 0, 0, 0],         # madvise
    41: [1, 1, 99, 0, 0, 0],        # socket
    53: [1, 1, 99, 0, 0, 0],        # socketpair
    54: [-1, 1, 2, 0, 0, 0],        # setsockopt: SO_REUSEADDR
    56: [0x800, 0, 0, 0, 0, 0],     # clone: CLONE_SIGHAND alone is invalid
    57: [0] * 6, 58: [0] * 6,       # fork, vfork
    60: [0] * 6, 231: [0] * 6,      # exit, exit_group
    62: [0, 999, 0, 0, 0, 0],       # kill
    72: [-1, 1, 0, 0, 0, 0],        # fcntl: F_GETFD
    154: [0, 0, 0, 0, 0, 0],        # modify_ldt: read nothing
    157: [3, 0, 0, 0, 0, 0],        # prctl: PR_GET_DUMPABLE
    202: [1, 1, 0, 0, 0, 0],        # futex: FUTEX_WAKE on an odd address
    302: [0, 999, 0, 0, 0, 0],      # prlimit64
}

libc = ctypes.CDLL(None, use_errno=True)
libc.syscall.restype = ctypes.c_long


def answer_to(number):
    """How the kernel answers: the name of an error, "ok", or "ends" when the caller does not return from it."""
    read_end, write_end = os.pipe()
    pid = os.fork()
    if pid == 0:
        words = [ctypes.c_ulong(word & 0xFFFF_FFFF_FFFF_FFFF) for word in ARGUMENTS.get(number, NONSENSE)]
        result = libc.syscall(ctypes.c_long(number), *words)
        error = ctypes.get_errno() if result == -1 else 0
        os.write(write_end, errno.errorcode.get(error, str(error)).encode() if error else b"ok")
        os._exit(0)
    os.close(write_end)
    ready, _, _ = select.select([read_end], [], [], 1)
    answer = os.read(read_end, 20) if ready else b""
    os.close(read_end)
    os.kill(pid, signal.SIGKILL)
    os.waitpid(pid, 0)
    return answer.decode() or "ends"


def files_below(top, skip=()):
    for directory, names, files in os.walk(top):
        names[:] = [name for name in names if os.path.join(directory, name) not in skip]
        yield from (os.path.join(directory, name) for name in files)


def opens(path, flags):
    try:
        os.close(os.open(path, flags | os.O_NONBLOCK | os.O_NOCTTY | os.O_CLOEXEC))
        return True
    except OSError:
        return False


def kernel_files(top):
    """Files of /proc (those of processes aside) and /sys that open for reading, and those that open for writing."""
    try:
        processes = {os.path.join("/proc", name) for name in os.listdir("/proc") if name.isdigit()}
    except OSError:
        processes = set()
    skip = processes | {"/proc/self", "/proc/thread-self"}
    found = [path for path in files_below(top, skip) if not os.path.islink(path)]
    return {"read": sum(opens(path, os.O_RDONLY) for path in found),
            "written": [path for path in found if opens(path, os.O_WRONLY)]}


def foreign_files(bait, image):
    """Regular files outside of the image, on a file system that has a disk behind it; and whatever is called like the bait."""
    skip = {"/proc", "/sys", "/dev", "/workspace", *image}
    disks = set()
    for line in open("/proc/self/mountinfo") if os.path.exists("/proc/self/mountinfo") else ():
        fields, _, rest = line.partition(" - ")
        if rest.split()[1].startswith("/"):
            major, minor = map(int, fields.split()[2].split(":"))
            disks.add(os.makedev(major, minor))
    found = []
    for path in files_below("/", skip):
        try:
            status = os.lstat(path)
        except OSError:
            continue
        if stat.S_ISREG(status.st_mode) and path not in skip and (status.st_dev in disks or bait in path) and opens(path, os.O_RDONLY):
            found.append(path)
    return found


def socket_families():
    made = []
    for family in range(46):
        for kind in (socket.SOCK_STREAM, socket.SOCK_DGRAM, socket.SOCK_RAW, socket.SOCK_SEQPACKET):
            try:
                socket.socket(family, kind).close()
            except OSError:
                continue
            made.append(socket.AddressFamily(family).name if family in list(socket.AddressFamily) else str(family))
            break
    return made


def open_descriptors():
    found = []
    for number in range(3, 4096):
        try:
            os.fstat(number)
        except OSError:
            continue
        found.append(number)
    return found


def devices():
    found = []
    for path in files_below("/dev"):
        mode = os.lstat(path).st_mode
        if stat.S_ISCHR(mode) or stat.S_ISBLK(mode):
            found.append(path)
    return found


def status_fields():
    wanted = ("CapEff", "CapBnd", "NoNewPrivs", "Seccomp", "Seccomp_filters")
    lines = (line.split(":", 1) for line in open("/proc/self/status"))
    return {name: value.strip() for name, value in lines if name in wanted}


def namespaces():
    try:
        return {kind: os.readlink(f"/proc/self/ns/{kind}") for kind in sorted(os.listdir("/proc/self/ns")) if not kind.endswith("_children")}
    except OSError:
        return {}


def other_processes():
    return sum(name.isdigit() and int(name) != os.getpid() for name in os.listdir("/proc"))


def look(bait, *image):
    return {
        "descriptors": open_descriptors(),
        "status": status_fields(), "namespaces": namespaces(), "kernel": os.uname().release, "user": os.getuid(),
        "processes": other_processes(), "sockets": socket_families(), "devices": devices(), "proc": kernel_files("/proc"),
        "sys": kernel_files("/sys"), "host_files": foreign_files(bait, image),
        "calls": {str(number): answer_to(number) for number in range(LAST + 1)},
    }


def hold(name):
    libc.prctl(15, name.encode(), 0, 0, 0)  # PR_SET_NAME
    time.sleep(60)


if __name__ == "__main__":
    if sys.argv[1] == "hold":
        hold(sys.argv[2])
    else:
        print(json.dumps(look(*sys.argv[2:])))
