# expect: ok
# attack: B2 opens a performance counter
# weaken: seccomp
import attack

attack.verdict(attack.expect_denied("perf_event_open", None, 0, -1, -1, 0xFFFF))
