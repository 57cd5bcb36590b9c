# expect: ok
# attack: A32 compares its namespaces with those of the host
# weaken: net,ipc,uts
# docker: otherwise: it has no user namespace unless the engine remaps users
# runsc: absent: gVisor has no files for most namespaces
import os

import attack

theirs = dict(word.split(":", 1) for word in attack.host("namespaces").split(","))
attack.precondition(len(theirs) == 7, f"the test names {theirs}")


def compare(kind):
    ours = os.readlink(f"/proc/self/ns/{kind}").split(":", 1)[1]
    return attack.Try(kind, ours == theirs[kind], ours, kind in ("user", "mnt", "pid", "cgroup"))


attack.verdict(*[compare(kind) for kind in theirs])
