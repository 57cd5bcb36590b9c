# expect: ok
# attack: B25 sets bits that the kernel ignores and a careless filter compares
# weaken: seccomp,user_namespaces
import os

import attack

HIGH = 1 << 32
NEWUSER, TIOCSTI, SIOCGIFCONF, RLIMIT_NOFILE = 0x10000000, 0x5412, 0x8912, 7
attack.verdict(
    attack.expect_denied("socket", HIGH | 2, 1, 0, what="AF_INET"),
    attack.expect_denied("socket", HIGH | 16, 3, 0, what="AF_NETLINK"),
    attack.expect_denied("socket", 0xDEADBEEF00000000 | 38, 5, 0, what="AF_ALG"),
    attack.expect_denied("ioctl", 0, HIGH | TIOCSTI, b"x", what="TIOCSTI"),
    attack.expect_denied("ioctl", HIGH, TIOCSTI, b"x", what="TIOCSTI on a wide descriptor"),
    attack.expect_denied("ioctl", 0, HIGH | SIOCGIFCONF, None, what="SIOCGIFCONF"),
    attack.expect_denied("prctl", HIGH | 22, 2, None, what="PR_SET_SECCOMP"),
    attack.expect_denied("prlimit64", HIGH | os.getppid(), RLIMIT_NOFILE, None, None, what="prlimit64 of pid 1",
                         optional=True),
    attack.clone(NEWUSER | HIGH << 1),
)
