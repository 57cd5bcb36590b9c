# expect: ok
# attack: E18 overwrites an input in place, to change the file of the host that it came from
# weaken: harvest
# weak-expect: leak
# artifacts: input.txt
import os

import attack

attack.precondition(os.path.getsize("input.txt") > 0, "there is no input")
with open("input.txt", "r+b") as file:
    file.write(b"overwritten")
attack.precondition(b"overwritten" in open("input.txt", "rb").read(), "the input cannot be changed")
os.symlink(attack.host("file"), "door.txt")
