# expect: ok
# attack: E1 leaves links to a file of the host: absolute, relative and through another link
# weaken: harvest
# weak-expect: leak
# artifacts: honest.txt
import os

import attack

path = attack.host("file")
open("honest.txt", "w").write("honest")
os.symlink(path, "absolute.txt")
os.symlink("../" * 30 + path.lstrip("/"), "relative.txt")
os.symlink("absolute.txt", "second.txt")
