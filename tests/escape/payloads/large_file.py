# expect: disk_limit
# attack: D14 writes one file of 4 MB, where 1 MB is allowed
# weaken: rlimits
# limits: file_size_bytes=1M time_limit=20
# failure: file_size_bytes
import attack

with open("/tmp/large", "wb", buffering=0) as file:
    written = 0
    while written < 4 << 20:
        written += file.write(b"x" * 65536)
attack.escaped("4 MB")
