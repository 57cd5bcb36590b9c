# expect: ok
# attack: A12 leaves a directory tree with chroot twice, and with pivot_root
# weaken: seccomp,capabilities
import os

import attack

os.makedirs("/tmp/inner", exist_ok=True)
pivot = attack.expect_denied("pivot_root", b"/nowhere", b"/nowhere")
attack.verdict(
    pivot,
    attack.Try("chroot", attack.syscall("chroot", b"/tmp/inner")[0] == 0, "", False),
    attack.Try("chroot again", attack.syscall("chroot", b"../../..")[0] == 0, "", False),
)
