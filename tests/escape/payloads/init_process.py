# expect: ok
# attack: A33 reaches through pid 1 into what it kept open: root, directory, memory, program
# weaken: capabilities,landlock
import os

import attack

attack.verdict_of_any(
    attack.attempt("root", lambda: os.listdir("/proc/1/root")),
    attack.attempt("directory", lambda: os.listdir("/proc/1/cwd")),
    attack.attempt("descriptors", lambda: os.listdir("/proc/1/fd")),
    attack.attempt("memory", lambda: os.close(os.open("/proc/1/mem", os.O_RDWR))),
    attack.attempt("environment", lambda: os.close(os.open("/proc/1/environ", os.O_RDONLY))),
    attack.attempt("program", lambda: os.close(os.open("/proc/1/exe", os.O_RDONLY))),
)
