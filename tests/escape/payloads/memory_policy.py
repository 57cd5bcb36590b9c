# expect: ok
# attack: B15 moves its memory, and that of others, between nodes
# weaken: seccomp
import attack

attack.verdict(
    attack.expect_denied("get_mempolicy", None, None, 0, None, 0),
    attack.expect_denied("set_mempolicy", 0, None, 0),
    attack.expect_denied("mbind", None, 0, 0, None, 0, 0),
    attack.expect_denied("migrate_pages", 0, 0, None, None),
    attack.expect_denied("move_pages", 0, 0, None, None, None, 0),
    attack.expect_denied("set_mempolicy_home_node", None, 0, 0, 1, optional=True),
)
