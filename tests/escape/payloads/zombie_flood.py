# expect: process_limit
# attack: D3 fills the process table with children that are dead and never waited for (stops at 40)
# weaken: cgroup,rlimits
# limits: processes=16 time_limit=20
# failure: processes
import os

import attack

for count in range(40):
    if os.fork() == 0:
        os._exit(0)
attack.escaped("40 zombies")
