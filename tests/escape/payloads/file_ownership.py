# expect: ok
# attack: B33 gives files away and hangs attributes on them
# weaken: seccomp
import attack

open("file", "w").close()
AT_FDCWD = -100
attack.verdict(
    attack.expect_denied("chown", b"file", -1, -1),
    attack.expect_denied("lchown", b"file", -1, -1),
    attack.expect_denied("fchown", -1, -1, -1),
    attack.expect_denied("fchownat", AT_FDCWD, b"file", -1, -1, 0),
    attack.expect_denied("setxattr", b"file", b"user.note", b"x", 1, 0),
    attack.expect_denied("fsetxattr", -1, b"user.note", b"x", 1, 0),
    attack.expect_denied("removexattr", b"/nowhere", b"user.note"),
)
