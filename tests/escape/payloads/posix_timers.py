# expect: ok
# attack: B34 makes POSIX timers, a family of kernel bugs of its own
# weaken: seccomp
import ctypes

import attack

attack.verdict(
    attack.expect_denied("timer_create", 1, None, ctypes.c_int()),
    attack.expect_denied("timer_delete", 0),
    attack.expect_denied(223, 0, 0, None, None, what="timer_settime"),
)
