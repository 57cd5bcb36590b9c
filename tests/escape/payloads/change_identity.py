# expect: ok
# attack: A19 becomes root or another user with every call of the set-id family
# weaken: seccomp
import attack

attack.verdict(
    attack.expect_denied("setresuid", 0, 0, 0),
    attack.expect_denied("setresgid", 0, 0, 0),
    attack.expect_denied("setreuid", 0, 0),
    attack.expect_denied("setregid", 0, 0),
    attack.expect_denied("setuid", 0),
    attack.expect_denied("setgid", 0),
    attack.expect_denied("setgroups", 0, None, optional=True),
)
