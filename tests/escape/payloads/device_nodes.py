# expect: ok
# attack: A14 looks for terminals, the kernel log and other devices of the host below /dev
# weaken: dev
import os

import attack

EXPECTED = {"null", "zero", "full", "random", "urandom", "fd", "stdin", "stdout", "stderr", "shm"}
names = set(os.listdir("/dev"))
attack.precondition("null" in names, "/dev/null is missing")
attack.escaped_if(names - EXPECTED, " ".join(sorted(names - EXPECTED)))
