# expect: memory_limit
# attack: D7 hides 96 MB in files that have no name and stand in no quota
# weaken: cgroup
# limits: memory_bytes=64M time_limit=20
# failure: memory_bytes
# needs: cgroup
import os

import attack

files = [os.memfd_create(str(number)) for number in range(4)]
for count in range(24):
    for fd in files:
        os.write(fd, b"x" * (1 << 20))
attack.escaped("96 MB")
