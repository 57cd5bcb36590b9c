# expect: memory_limit
# attack: D4 touches 128 MB
# weaken: cgroup,rlimits
# limits: memory_bytes=64M time_limit=20
# failure: memory_bytes
# needs: cgroup
import attack

kept = []
for count in range(128):
    kept.append(bytearray(b"x") * (1 << 20))
attack.escaped("128 MB")
