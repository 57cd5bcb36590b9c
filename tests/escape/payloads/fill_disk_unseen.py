# expect: disk_limit
# attack: D10 fills the disk with files that it has deleted already
# weaken: workspace_quota
# limits: workspace_bytes=8M time_limit=20
# failure: workspace_bytes
import os

import attack

kept = []
for count in range(24):
    file = open("/tmp/gone", "w+b", buffering=0)
    os.unlink("/tmp/gone")
    kept.append(file)
    written = 0
    while written < 1 << 20:
        written += file.write(b"x" * ((1 << 20) - written))
attack.escaped("24 MB in deleted files")
