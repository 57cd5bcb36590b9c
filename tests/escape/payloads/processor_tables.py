# expect: ok
# attack: B14 edits the processor's descriptor table and asks for its ports
# weaken: seccomp
import ctypes

import attack

attack.verdict(
    attack.expect_denied("modify_ldt", 0, ctypes.create_string_buffer(64), 64),
    attack.expect_denied("iopl", 3, optional=True),
    attack.expect_denied("ioperm", 0x80, 1, 1, optional=True),
)
