# expect: ok
# attack: E2 puts a link where the parent directory of an artifact would be
# weaken: harvest
# weak-expect: leak
# artifacts: real/honest.txt
import os

import attack

os.mkdir("real")
open("real/honest.txt", "w").write("honest")
os.symlink(os.path.dirname(attack.host("file")), "directory")
os.symlink(os.path.dirname(attack.host("file")), "real/inner")
