# expect: memory_limit
# attack: D5 splits 128 MB over four processes, each below the limit
# weaken: cgroup,rlimits
# limits: memory_bytes=64M time_limit=20
# failure: memory_bytes
# needs: cgroup
import os
import time

import attack

ready, report = os.pipe()
for count in range(4):
    if os.fork() == 0:
        kept = bytearray(b"x") * (32 << 20)
        os.write(report, b".")
        time.sleep(60)
        os._exit(0)
os.close(report)
have = b""
while len(have) < 4:
    more = os.read(ready, 4)
    if not more:
        time.sleep(60)  # the children were killed; so shall be this one
    have += more
attack.escaped("4 times 32 MB")
