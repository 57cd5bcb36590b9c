# expect: ok
# attack: B4 compares kernel pointers of two processes
# weaken: seccomp
import os

import attack

attack.verdict(attack.expect_denied("kcmp", os.getpid(), os.getpid(), 0, 0, 1))
