# expect: disk_limit
# attack: D9 fills the workspace, /tmp and /dev/shm in turn: 24 MB, where 8 are allowed in all
# weaken: workspace_quota
# limits: workspace_bytes=8M time_limit=20
# failure: workspace_bytes
# docker: otherwise: /dev/shm has a bound of its own, a quarter of the workspace's, and is told by the error alone
import os

import attack

files = [os.open(f"{place}/filler", os.O_WRONLY | os.O_CREAT) for place in ("/workspace", "/tmp", "/dev/shm")]
for count in range(128):
    for fd in files:
        os.write(fd, b"x" * 65536)  # a short write is followed by the error
attack.escaped("24 MB")
