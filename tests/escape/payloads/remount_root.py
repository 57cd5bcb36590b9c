# expect: ok
# attack: A10 makes the read-only root writable again
# weaken: seccomp,capabilities,landlock
import attack

MS_REMOUNT, MS_BIND = 32, 4096


def remount(path):
    result, error = attack.syscall("mount", None, path, None, MS_REMOUNT | MS_BIND, None)
    return attack.Try(f"remount {path.decode()}", result == 0, str(error), False)


attack.verdict(remount(b"/"), remount(b"/data"))
