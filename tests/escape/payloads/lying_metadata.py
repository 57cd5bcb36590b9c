# expect: ok
# attack: E21 leaves files with set-id bits and with times before and after all calendars, and a link with both
# weaken: harvest
# weak-expect: leak
# artifacts: early.txt late.txt program
import os

import attack

for name, moment in (("early.txt", -(1 << 40)), ("late.txt", 1 << 60)):
    with open(name, "w") as file:
        file.write(name)
    os.utime(name, (0, max(min(moment, 1 << 33), -(1 << 31))))
with open("program", "w") as file:
    file.write("#!/bin/sh\n")
os.chmod("program", 0o6777)
os.symlink(attack.host("file"), "link.txt")
os.utime("link.txt", (0, 0), follow_symlinks=False)
