# expect: memory_limit
# attack: D8 keeps 50 MB in the buffers of pipes that nobody reads
# weaken: cgroup
# limits: memory_bytes=48M time_limit=20
# failure: memory_bytes
# needs: cgroup
import os
import time

import attack

PIPES, CHILDREN = 110, 8


def fill():
    for number in range(PIPES):
        _, write_end = os.pipe()
        os.set_blocking(write_end, False)
        try:
            while True:
                os.write(write_end, b"x" * 65536)
        except BlockingIOError:
            pass


ready, report = os.pipe()
for count in range(CHILDREN):
    if os.fork() == 0:
        fill()
        os.write(report, b".")
        time.sleep(60)
        os._exit(0)
os.close(report)
have = b""
while len(have) < CHILDREN:
    more = os.read(ready, CHILDREN)
    if not more:
        time.sleep(60)  # the children were killed; so shall be this one
    have += more
attack.escaped("880 full pipes")
