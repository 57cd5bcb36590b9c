# expect: ok
# attack: B35 stacks rule sets of Landlock
# weaken: seccomp
import attack

VERSION = 1
attack.verdict(
    attack.expect_denied("landlock_create_ruleset", None, 0, VERSION),
    attack.expect_denied("landlock_add_rule", -1, 1, None, 0),
    attack.expect_denied("landlock_restrict_self", -1, 99),
)
