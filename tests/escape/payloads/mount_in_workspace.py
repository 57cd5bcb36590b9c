# expect: ok
# attack: E22 mounts a directory of the system into the workspace, to have it harvested
# weaken: seccomp,capabilities,landlock
# artifacts: honest.txt
import os

import attack

MS_BIND = 4096
open("honest.txt", "w").write("honest")
os.mkdir("outside")
result, error = attack.syscall("mount", b"/etc", b"/workspace/outside", None, MS_BIND, None)
attack.escaped_if(result == 0, f"errno {error}")
