# expect: ok
# attack: A9 mounts a tmpfs, a proc and a bind of the root
# weaken: seccomp,capabilities,landlock
import os

import attack

MS_BIND = 4096
os.makedirs("/tmp/target", exist_ok=True)


def mount(source, kind, flags=0):
    result, error = attack.syscall("mount", source, b"/tmp/target", kind, flags, None)
    return attack.Try(f"mount {kind or source}", result == 0, str(error), False)


attack.verdict(
    mount(b"none", b"tmpfs"),
    mount(b"/usr", None, MS_BIND),
    attack.Try("umount", attack.syscall("umount2", b"/tmp/target", 2)[0] == 0, "", False),
)
