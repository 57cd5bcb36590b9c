# expect: ok
# attack: A33 reaches through pid 1 into what it kept open: root, directory, memory, program
# weaken: capabilities,landlock
import os

import attack

# gVisor lets its user list what pid 1 has open, and read its environment, in which is nothing; it opens none of it.
listed = [] if attack.runtime() == "runsc" else [
    attack.attempt("descriptors", lambda: os.listdir("/proc/1/fd")),
    attack.attempt("environment", lambda: os.close(os.open("/proc/1/environ", os.O_RDONLY))),
]
if not listed:
    print("its environment:", open("/proc/1/environ").read())  # the test looks for a secret in it
attack.verdict_of_any(
    *listed,
    attack.attempt("root", lambda: os.listdir("/proc/1/root")),
    attack.attempt("directory", lambda: os.listdir("/proc/1/cwd")),
    attack.attempt("orders", lambda: os.close(os.open("/proc/1/fd/0", os.O_RDWR))),
    attack.attempt("memory", lambda: os.close(os.open("/proc/1/mem", os.O_RDWR))),
    attack.attempt("program", lambda: os.close(os.open("/proc/1/exe", os.O_RDONLY))),
)
