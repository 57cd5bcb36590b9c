# expect: cpu_limit
# attack: D18 blocks every signal and backtracks inside of the regular expression engine
# weaken: cgroup,rlimits
# limits: cpu_time_limit=1 time_limit=60
# failure: cpu_time_limit
# needs: cgroup
import re
import signal
import time

import attack

for number in (signal.SIGTERM, signal.SIGINT, signal.SIGXCPU, signal.SIGALRM):
    signal.signal(number, signal.SIG_IGN)
signal.pthread_sigmask(signal.SIG_BLOCK, range(1, signal.NSIG))
length = 18
while time.process_time() < 4:
    re.match(r"(a+)+$", "a" * length + "b")
    length += 1
attack.escaped("4 seconds")
