# expect: ok
# attack: B16 chooses its processor and how urgent it is
# weaken: seccomp
import ctypes

import attack

priority = ctypes.c_int(0)
mask = (ctypes.c_ulong * 16)(*[0xFFFF_FFFF_FFFF_FFFF] * 16)
attack.verdict(
    attack.expect_denied("sched_setaffinity", 0, ctypes.sizeof(mask), mask),
    attack.expect_denied("sched_setscheduler", 0, 0, priority),
    attack.expect_denied("sched_setparam", 0, priority),
    attack.expect_denied("sched_setattr", 0, None, 0),
    attack.expect_denied("setpriority", 0, 0, 5),
    attack.expect_denied("ioprio_set", 1, 0, 0x6000),
    attack.expect_denied("sched_setscheduler", 0, 1, ctypes.c_int(99), what="real time", optional=True),
)
