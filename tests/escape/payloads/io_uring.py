# expect: ok
# attack: B13 opens io_uring, whose requests no filter sees
# weaken: seccomp
import attack

attack.verdict(
    attack.expect_denied("io_uring_setup", 1, None),
    attack.expect_denied("io_uring_enter", -1, 1, 0, 0, None, 0),
    attack.expect_denied("io_uring_register", -1, 0, None, 0),
    attack.expect_denied("io_setup", 1, None),
)
