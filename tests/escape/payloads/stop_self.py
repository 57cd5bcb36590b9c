# expect: time_limit
# attack: D20 blocks all signals and stops itself; time cannot be taken away, so nothing is weakened
# weaken: none
# limits: time_limit=1
# failure: time_limit
import os
import signal

signal.signal(signal.SIGTERM, signal.SIG_IGN)
signal.pthread_sigmask(signal.SIG_BLOCK, range(1, signal.NSIG))
while True:
    os.kill(os.getpid(), signal.SIGSTOP)
