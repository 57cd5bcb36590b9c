# expect: ok
# attack: B21 sets the clock of the host
# weaken: seccomp
import ctypes

import attack

unchanged = ctypes.create_string_buffer(256)  # modes 0: only reads
attack.verdict(
    attack.expect_denied("clock_settime", 99, None),
    attack.expect_denied("settimeofday", 8, None),  # a bad address
    attack.expect_denied("adjtimex", unchanged),
    attack.expect_denied("clock_adjtime", 0, unchanged),
)
