# expect: process_limit
# attack: D1 forks without end (stops at 40 when nothing stops it)
# weaken: cgroup,rlimits
# limits: processes=16 time_limit=20
# failure: processes
import os
import time

import attack

for count in range(40):
    if os.fork() == 0:
        time.sleep(60)
        os._exit(0)
attack.escaped("40 processes are alive")
