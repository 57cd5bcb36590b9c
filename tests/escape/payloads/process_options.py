# expect: ok
# attack: B30 changes what prctl keeps about it: memory map, capabilities, reaper, speculation
# weaken: seccomp
import attack

SET_KEEPCAPS, SET_SECUREBITS, SET_MM, SET_CHILD_SUBREAPER, CAP_AMBIENT, SET_PTRACER, SPECULATION = (
    8, 28, 35, 36, 47, 0x59616D61, 53)
attack.verdict(
    attack.expect_denied("prctl", SET_CHILD_SUBREAPER, 1, 0, 0, 0, what="reaper"),
    attack.expect_denied("prctl", SET_PTRACER, -1, 0, 0, 0, what="tracer"),
    attack.expect_denied("prctl", SPECULATION, 0, 0, 0, 0, what="speculation"),
    attack.expect_denied("prctl", CAP_AMBIENT, 1, 0, 0, 0, what="ambient"),
    attack.expect_denied("prctl", SET_MM, 99, 0, 0, 0, what="memory map", optional=True),
    attack.expect_denied("prctl", SET_SECUREBITS, 0, 0, 0, 0, what="securebits", optional=True),
    attack.expect_denied("prctl", SET_KEEPCAPS, 1, 0, 0, 0, what="keep capabilities", optional=True),
)
