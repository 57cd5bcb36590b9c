# expect: ok
# attack: D25 floods both streams, in blocks, in single bytes and from children; the cap is no layer of the kernel
# weaken: none
# limits: stdout_bytes=64K stderr_bytes=1M time_limit=60
# failure: stdout_bytes
import os

import attack

for child in range(4):
    if os.fork() == 0:
        for count in range(64):
            os.write(1, b"x" * 65536)
        os._exit(0)
for count in range(20000):
    os.write(2, b"y")
for child in range(4):
    os.wait()
attack.blocked("16 MB were printed")
