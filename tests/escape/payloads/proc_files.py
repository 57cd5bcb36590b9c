# expect: ok
# attack: C4 walks /proc and counts what is not about a process
# weaken: proc
# docker: otherwise: the engine cannot leave out what is not about a process; it masks it
# runsc: absent: gVisor shows a whole /proc of its own, which tells of no host
import os

import attack

attack.precondition(os.path.exists("/proc/self/status"), "there is no /proc")
foreign = [n for n in os.listdir("/proc") if not n.isdigit() and n not in ("self", "thread-self")]
attack.escaped_if(foreign, " ".join(foreign[:20]))
