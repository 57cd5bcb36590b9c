# expect: ok
# attack: B6 takes a descriptor out of another process
# weaken: seccomp
# runsc: absent: gVisor of 2022 has no pidfd_open to begin with
import os

import attack

attack.verdict(attack.expect_denied("pidfd_getfd", os.pidfd_open(os.getpid()), 1, 0))
