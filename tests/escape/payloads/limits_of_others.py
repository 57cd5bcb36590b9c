# expect: ok
# attack: B31 reads and sets the resource limits of another process
# weaken: seccomp
import os
import signal
import time

import attack

child = os.fork()
if child == 0:
    time.sleep(60)
    os._exit(0)
tries = [attack.expect_denied("prlimit64", child, 7, None, None)]
os.kill(child, signal.SIGKILL)
attack.verdict(*tries)
