# expect: ok
# attack: C15 asks to be told when somebody else reads the files that all share (fcntl F_NOTIFY), or to delay them (F_SETLEASE)
# weaken: seccomp
import fcntl
import os

import attack

directory = os.open("/usr", os.O_RDONLY)
attack.verdict(
    attack.attempt("F_NOTIFY", lambda: fcntl.fcntl(directory, 1026, 1)),
    attack.attempt("F_SETOWN", lambda: fcntl.fcntl(directory, 8, os.getpid())),
)
