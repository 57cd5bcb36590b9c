# expect: ok
# attack: D21 leaves daemons that hold its output and fork away from any killer; pid namespaces cannot be taken away
# weaken: none
# limits: time_limit=20 processes=32
import os
import signal
import time

import attack


def roll():
    """Each one starts the next and ends, so that a killer who goes from pid to pid comes too late."""
    while True:
        if os.fork():
            os._exit(0)
        os.setsid()


for number in signal.valid_signals() - {signal.SIGKILL, signal.SIGSTOP, signal.SIGCHLD}:
    signal.signal(number, signal.SIG_IGN)
for kind in range(3):
    if os.fork() == 0:
        os.setsid()
        if kind == 0:
            roll()
        if os.fork():
            os._exit(0)
        time.sleep(1000)
attack.blocked("the main process ends now")
