# expect: ok
# attack: B19 stops the machine, loads modules and another kernel, turns on swap and accounting
# weaken: seccomp,capabilities
import attack

attack.verdict(
    attack.expect_denied("reboot", 0, 0, 0, None),  # wrong magic numbers: EINVAL to who may reboot
    attack.expect_denied("swapon", b"/nowhere", 0, optional=True),
    attack.expect_denied("swapoff", b"/nowhere", optional=True),
    attack.expect_denied("acct", b"/nowhere", optional=True),
    attack.expect_denied("init_module", None, 0, b"", optional=True),
    attack.expect_denied("finit_module", -1, b"", 0, optional=True),
    attack.expect_denied("delete_module", b"nothing", 0, optional=True),
    attack.expect_denied("kexec_load", 0, 0, None, 0, optional=True),
    attack.expect_denied("syslog", 10, None, 0, optional=True),
)
