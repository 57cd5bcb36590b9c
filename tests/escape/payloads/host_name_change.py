# expect: ok
# attack: A34 renames the host
# weaken: seccomp,capabilities
import attack

attack.verdict(
    attack.expect_denied("sethostname", b"owned", 5),
    attack.expect_denied("setdomainname", b"owned", 5),
)
