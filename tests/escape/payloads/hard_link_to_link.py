# expect: ok
# attack: E4 gives a link to a file of the host a second, harmless looking name
# weaken: harvest
# weak-expect: leak
# artifacts: real.txt twin.txt
import os

import attack

open("real.txt", "w").write("honest")
os.link("real.txt", "twin.txt")
os.symlink(attack.host("file"), "link.txt")
os.link("link.txt", "report.txt", follow_symlinks=False)
os.unlink("link.txt")
