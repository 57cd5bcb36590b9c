# expect: ok
# attack: E5 gives system files and inputs a name in the workspace, so that they look like its own
# weaken: harvest
# weak-expect: leak
# artifacts: none
# docker: otherwise: /data lies in the workspace's file system, so that a link to an input is one more name there
import os

import attack

for source in ("/etc/passwd", "/usr/bin/env", "/data/input.txt", attack.host("file")):
    try:
        os.link(source, os.path.basename(source) + ".stolen")
        print("linked", source)
    except OSError as error:
        print(source, error.strerror)
        os.symlink(attack.host("file"), os.path.basename(source) + ".stolen")
