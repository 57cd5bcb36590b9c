# expect: disk_limit
# attack: D11 makes 600 empty files in three places, where 200 are allowed in all
# weaken: workspace_quota
# limits: workspace_inodes=200 time_limit=20
# failure: workspace_inodes
import attack

for count in range(200):
    for place in ("/workspace", "/tmp", "/dev/shm"):
        open(f"{place}/{count}", "x").close()
attack.escaped("600 files")
