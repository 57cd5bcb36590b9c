# expect: ok
# attack: B11 opens AF_ALG, the half of "Copy Fail" that rewrites the page cache (CVE-2026-31431)
# weaken: seccomp
import attack

AF_ALG = 38
attack.verdict(
    attack.expect_denied("socket", AF_ALG, 5, 0),
    attack.expect_denied("socket", AF_ALG | 0x80000, 5, 0, what="family with extra bits"),
    attack.expect_denied("socket", AF_ALG, 5 | 0x80000, 0, what="close on exec"),
)
