# expect: ok
# attack: A1 reads every descriptor that the runner forgot to close (CVE-2024-21626)
# weaken: descriptors
import os

import attack


def peek(fd):
    try:
        os.fstat(fd)
    except OSError:
        return False
    return True


found = [fd for fd in range(3, 4096) if peek(fd)]
for fd in found:
    try:
        print(fd, os.readlink(f"/proc/self/fd/{fd}"), os.pread(fd, 64, 0))
    except OSError as error:
        print(fd, error)
attack.escaped_if(found, f"open: {found}")
