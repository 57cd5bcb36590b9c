# expect: disk_limit
# attack: D13 nests 600 directories, deeper than any path can name
# weaken: workspace_quota
# limits: workspace_inodes=200 time_limit=20
# failure: workspace_inodes
import os

import attack

name = "d" * 200
for count in range(600):
    os.mkdir(name)
    os.chdir(name)
attack.escaped("600 directories")
