# expect: ok
# attack: B7 traces itself, a child and pid 1
# weaken: seccomp
import os
import signal
import time

import attack

TRACEME, ATTACH, SEIZE = 0, 16, 0x4206
child = os.fork()
if child == 0:
    time.sleep(60)
    os._exit(0)
tries = [
    attack.expect_denied("ptrace", SEIZE, child, None, None, what="seize a child"),
    attack.expect_denied("ptrace", ATTACH, 1, None, None, what="attach to pid 1", optional=True),
    # In a child: whoever is traced by pid 1 stops at its end.
    attack.Try("be traced", attack.in_child(lambda: attack.syscall("ptrace", TRACEME)[0] != 0) == 0, "", False),
]
os.kill(child, signal.SIGKILL)
attack.verdict(*tries)
