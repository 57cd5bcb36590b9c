# expect: ok
# attack: D22 signals pid 1 and everybody else with all signals; the kernel shields pid 1, so nothing is weakened
# weaken: none
# limits: time_limit=20
# runsc: expect: internal_error
# runsc: signal: SIGKILL
# runsc: note: gVisor does not shield pid 1; its end is the end of the container
import os
import signal
import time

import attack

parent = os.getppid()
attack.precondition(parent == 1, f"the parent is {parent}")
for number in signal.valid_signals() - {signal.SIGKILL, signal.SIGSTOP}:
    signal.signal(number, signal.SIG_IGN)
for number in range(1, signal.NSIG):
    for target in (1, -1):
        try:
            os.kill(target, number)
        except OSError:
            pass
time.sleep(0.2)
attack.precondition(os.getppid() == 1, "pid 1 is gone")
attack.blocked("pid 1 is alive")
