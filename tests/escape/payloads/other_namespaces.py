# expect: ok
# attack: A6 makes further mount, network, ipc, uts, pid and cgroup namespaces
# weaken: seccomp,capabilities
import attack

KINDS = {"mount": 0x20000, "cgroup": 0x2000000, "uts": 0x4000000, "ipc": 0x8000000, "pid": 0x20000000,
         "net": 0x40000000}


def unshare(flag):
    return attack.in_child(lambda: attack.syscall("unshare", flag)[0] != 0) == 0


attack.verdict(
    *[attack.Try(f"unshare {kind}", unshare(flag), "", False) for kind, flag in KINDS.items()],
    *[attack.clone(flag) for flag in KINDS.values()],
)
