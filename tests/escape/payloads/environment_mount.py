# expect: ok
# attack: A40 makes the environment writable, mounts over it and takes it away
# weaken: seccomp,capabilities,landlock
# needs: environment
import attack

MS_REMOUNT, MS_BIND, MNT_DETACH = 32, 4096, 2


def call(what, *args):
    result, error = attack.syscall(*args)
    return attack.Try(what, result == 0, str(error), False)


attack.verdict(
    call("remount", "mount", None, b"/environment", None, MS_REMOUNT | MS_BIND, None),
    call("mount over", "mount", b"/tmp", b"/environment/site-packages", None, MS_BIND, None),
    call("unmount", "umount2", b"/environment/site-packages", MNT_DETACH),
)
