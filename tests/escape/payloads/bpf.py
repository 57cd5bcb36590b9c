# expect: ok
# attack: B1 reaches the bpf verifier
# weaken: seccomp
import attack

attack.verdict(attack.expect_denied("bpf", 9999, None, 0), attack.expect_denied("bpf", 7, None, 0))
