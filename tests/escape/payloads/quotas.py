# expect: ok
# attack: B20 reads and changes disk quotas
# weaken: seccomp
import attack

Q_GETINFO = 0x800005
attack.verdict(
    attack.expect_denied("quotactl", Q_GETINFO << 8, None, 0, None),
    attack.expect_denied("quotactl_fd", -1, Q_GETINFO << 8, 0, None),
)
