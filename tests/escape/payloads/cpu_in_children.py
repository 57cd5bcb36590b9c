# expect: cpu_limit
# attack: D17 spends its processor time in children, each of which stays below the limit
# weaken: cgroup,rlimits
# limits: cpu_time_limit=1 time_limit=60 cpus=2
# failure: cpu_time_limit
# needs: cgroup
import os
import time

import attack


def spin():
    while time.process_time() < 0.7:
        pass


for rounds in range(3):
    children = []
    for count in range(2):
        pid = os.fork()
        if pid == 0:
            spin()
            os._exit(0)
        children.append(pid)
    for pid in children:
        os.waitpid(pid, 0)
attack.escaped("4.2 seconds in six processes")
