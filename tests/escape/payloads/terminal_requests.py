# expect: ok
# attack: B28 types into the terminal of whoever runs it (CVE-2017-5226)
# weaken: seccomp
import attack

REQUESTS = {"TIOCSTI": 0x5412, "TIOCLINUX": 0x541C, "TIOCSCTTY": 0x540E, "TIOCSPGRP": 0x5410, "TIOCSETD": 0x5423}
attack.verdict(*[
    attack.expect_denied("ioctl", fd, request, b"\x03", what=f"{name} on {fd}")
    for fd in (0, 1, 2) for name, request in REQUESTS.items()
])
