# expect: ok
# attack: E3 leaves links that mean the harvester's own process: its environment and its root
# weaken: harvest
# weak-expect: leak
# artifacts: none
import os

import attack

os.symlink("/proc/self/environ", "environment.txt")
os.symlink("/proc/self/root" + attack.host("file"), "root.txt")
