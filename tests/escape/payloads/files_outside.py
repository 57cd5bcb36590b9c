# expect: ok
# attack: E23 leaves files beside the workspace, and links to them, which mean other files to a harvester
# weaken: harvest
# weak-expect: leak
# artifacts: none
import os

import attack

name = attack.host("file")
os.makedirs("/tmp" + os.path.dirname(name))
open("/tmp" + name, "w").write("outside")
open("/dev/shm/outside.txt", "w").write("outside")
os.symlink("/dev/shm/outside.txt", "shared.txt")
os.symlink(name, "temporary.txt")
