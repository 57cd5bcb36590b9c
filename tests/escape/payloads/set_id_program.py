# expect: ok
# attack: A16 makes set-id copies of a program, and looks whether one could change who runs it
# weaken: nosuid,no_new_privs,seccomp,landlock
import os
import shutil

import attack

PR_GET_NO_NEW_PRIVS = 39
shutil.copyfile("/usr/bin/cat", "gain")
os.chmod("gain", 0o6755)
attack.precondition(os.stat("gain").st_mode & 0o6000 == 0o6000, "the bits cannot be set")
# Nobody but its owner could be gained here, so look at the two that make the kernel ignore the bits.
mounts = {words[4]: words[5].split(",") for words in map(str.split, open("/proc/self/mountinfo"))}
ignored_by_mount = "nosuid" in mounts["/workspace"]
ignored_by_process = attack.syscall("prctl", PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0)[0] != 0
# gVisor does not say it of its mounts.
of_mount = [] if attack.runtime() == "runsc" else [attack.Try("mount", not ignored_by_mount, "", False)]
attack.verdict(
    *of_mount,
    attack.Try("process", not ignored_by_process, "", False),
)
