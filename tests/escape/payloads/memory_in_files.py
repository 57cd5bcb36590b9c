# expect: memory_limit
# attack: D6 hides 96 MB of memory in a file on tmpfs
# weaken: cgroup
# limits: memory_bytes=64M workspace_bytes=256M time_limit=20
# failure: memory_bytes
# needs: cgroup
# runsc: note: gVisor's own memory has 32 MB of room besides in the same cgroup
import os

import attack

fd = os.open("/dev/shm/hoard", os.O_WRONLY | os.O_CREAT)
for count in range(96):
    os.write(fd, b"x" * (1 << 20))
attack.escaped("96 MB")
