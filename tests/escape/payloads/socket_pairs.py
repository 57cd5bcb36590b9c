# expect: ok
# attack: B10 makes socket pairs of families other than AF_UNIX
# weaken: seccomp
import ctypes

import attack

pair = (ctypes.c_int * 2)()
attack.verdict(*[
    attack.expect_denied(53, family, 1, 0, pair, what=f"socketpair of family {family}") for family in (2, 16, 38, 40)
])
