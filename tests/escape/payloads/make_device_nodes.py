# expect: ok
# attack: A15 makes its own nodes for the memory and the disks of the host
# weaken: seccomp
import os
import stat

import attack

AT_FDCWD = -100


def make(kind, device):
    # With a FIFO the kernel asks for no capability, so that it is reached once the filter is gone.
    path = f"/workspace/node-{device}".encode()
    return attack.expect_denied("mknodat", AT_FDCWD, path, kind | 0o600, device, optional=kind != stat.S_IFIFO)


attack.verdict(
    make(stat.S_IFCHR, os.makedev(1, 1)),
    make(stat.S_IFCHR, os.makedev(10, 200)),
    make(stat.S_IFBLK, os.makedev(8, 0)),
    make(stat.S_IFIFO, 0),
    attack.expect_denied("mknod", b"/nowhere/node", stat.S_IFIFO | 0o600, 0),
)
