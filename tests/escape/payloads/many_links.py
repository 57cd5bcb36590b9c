# expect: disk_limit
# attack: D12 makes 600 hard and symbolic links to one file
# weaken: workspace_quota
# limits: workspace_inodes=200 time_limit=20
# failure: workspace_inodes
import os

import attack

open("/tmp/target", "x").close()
for count in range(300):
    os.link("/tmp/target", f"/tmp/hard{count}")
    os.symlink("/tmp/target", f"/tmp/soft{count}")
attack.escaped("600 links")
