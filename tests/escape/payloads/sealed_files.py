# expect: ok
# attack: E15 takes every permission from files and directories, to make the harvest fail
# weaken: harvest
# weak-expect: leak
# artifacts: honest.txt sealed.txt? tree/inner.txt?
import os

import attack

os.mkdir("tree")
for name in ("honest.txt", "sealed.txt", "tree/inner.txt"):
    with open(name, "w") as file:
        file.write(name)
os.symlink(attack.host("file"), "door.txt")
os.chmod("tree/inner.txt", 0)
os.chmod("tree", 0)
os.chmod("sealed.txt", 0)
