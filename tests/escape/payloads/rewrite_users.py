# expect: ok
# attack: A25 adds a root user to the passwd file
# weaken: readonly,landlock
import os

import attack


def add(name):
    fd = os.open(name, os.O_WRONLY | os.O_APPEND)
    os.write(fd, b"root::0:0::/:/bin/sh\n")
    os.close(fd)


attack.verdict(*[attack.attempt(name, lambda name=name: add(name)) for name in ("/etc/passwd", "/etc/group")])
