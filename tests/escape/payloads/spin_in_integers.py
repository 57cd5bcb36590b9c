# expect: cpu_limit
# attack: D19 computes powers so large that the interpreter never looks at a signal
# weaken: cgroup,rlimits
# limits: cpu_time_limit=1 time_limit=60
# failure: cpu_time_limit
# needs: cgroup
import time

import attack

exponent = 1 << 18
while time.process_time() < 4:
    len(bin(3**exponent))
    exponent *= 2 if time.process_time() < 1.5 else 1
attack.escaped("4 seconds")
