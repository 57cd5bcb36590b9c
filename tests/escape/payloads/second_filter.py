# expect: ok
# attack: B18 loads a filter that allows everything, and one that hands calls to itself
# weaken: seccomp
import ctypes
import struct

import attack

SET_MODE_FILTER, GET_ACTION_AVAIL, NEW_LISTENER = 1, 2, 8
instructions = ctypes.create_string_buffer(struct.pack("<HBBI", 0x06, 0, 0, 0x7FFF0000), 8)  # return ALLOW
program = (ctypes.c_uint64 * 2)(1, ctypes.addressof(instructions))
attack.verdict(
    attack.expect_denied("seccomp", SET_MODE_FILTER, 0, program, what="allow all"),
    attack.expect_denied("seccomp", SET_MODE_FILTER, NEW_LISTENER, program, what="listener"),
    attack.expect_denied("seccomp", GET_ACTION_AVAIL, 0, (ctypes.c_uint32 * 1)(0x7FFF0000), what="ask"),
    attack.expect_denied("prctl", 22, 2, program, what="prctl(PR_SET_SECCOMP)"),
)
