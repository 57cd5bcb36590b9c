# expect: ok
# attack: A8 enters namespaces through the files below /proc/self/ns
# weaken: seccomp,capabilities
# runsc: absent: gVisor has no files for most namespaces
import os

import attack


def enter(kind):
    fd = os.open(f"/proc/self/ns/{kind}", os.O_RDONLY)
    result, error = attack.syscall("setns", fd, 0)
    return attack.Try(f"setns {kind}", result == 0, str(error), False)


attack.verdict(*[enter(kind) for kind in ("net", "uts", "ipc", "cgroup")])
