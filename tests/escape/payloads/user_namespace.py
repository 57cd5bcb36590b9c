# expect: ok
# attack: A5 makes a user namespace, where it would have every capability (CVE-2022-0185, CVE-2024-1086)
# weaken: seccomp,user_namespaces
import attack

NEWUSER = 0x10000000

attack.verdict(
    attack.clone(NEWUSER),
    attack.Try("unshare", attack.in_child(lambda: attack.syscall("unshare", NEWUSER)[0] != 0) == 0, "", False),
)
