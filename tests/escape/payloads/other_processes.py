# expect: ok
# attack: C14 lists processes that are not its own, and reads what they were started with
# weaken: capabilities,landlock
# docker: otherwise: process 1 can be seen; its memory and what it was started with cannot be read
# runsc: absent: gVisor hides no process from its user; there is but pid 1, and init_process tries what can be had of it
import os

import attack

own = {os.getpid()}
foreign = [int(name) for name in os.listdir("/proc") if name.isdigit() and int(name) not in own]
attack.precondition(os.getpid() < 1000, "this is no pid namespace of its own")
attack.verdict_of_any(
    attack.Try("see another process", bool(foreign), str(foreign), False),
    attack.attempt("read pid 1", lambda: open("/proc/1/maps").read(1)),
)
