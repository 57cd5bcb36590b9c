# expect: ok
# attack: E19 replaces an input by a link of the same name, and deletes another
# weaken: harvest
# weak-expect: leak
# artifacts: none
import os

import attack

os.unlink("attack.py")
os.unlink("input.txt")
os.symlink(attack.host("file"), "input.txt")
