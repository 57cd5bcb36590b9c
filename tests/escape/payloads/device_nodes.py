# expect: ok
# attack: A14 looks for terminals, the kernel log and other devices of the host below /dev
# weaken: dev
# docker: otherwise: the engine makes pts, ptmx, tty and mqueue; no terminal is there to reach
import os

import attack

EXPECTED = {"null", "zero", "full", "random", "urandom", "fd", "stdin", "stdout", "stderr", "shm"}
# OCI runtimes make these besides (runtime-spec, config-linux.md, "Default Devices"): a program has no terminal that they
# could reach. gVisor's are files of its own kernel.
MORE = {
    "runc": {"tty", "ptmx"},
    "runsc": {"tty", "ptmx", "pts", "net", "fuse"},
}
EXPECTED |= MORE.get(attack.runtime(), set())
names = set(os.listdir("/dev"))
attack.precondition("null" in names, "/dev/null is missing")
attack.escaped_if(names - EXPECTED, " ".join(sorted(names - EXPECTED)))
