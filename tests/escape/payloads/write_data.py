# expect: ok
# attack: A26 changes an input through the read-only view of the inputs
# weaken: readonly,landlock
# docker: otherwise: an input can be written through both of its names, as the workspace's
import os

import attack

attack.precondition(os.path.exists("/data/input.txt"), "the input is not in /data")


def write():
    fd = os.open("/data/input.txt", os.O_WRONLY)
    os.write(fd, b"X")
    os.close(fd)


attack.verdict(attack.attempt("write", write), attack.attempt("add", lambda: open("/data/new", "xb").close()))
