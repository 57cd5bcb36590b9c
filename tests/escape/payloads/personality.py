# expect: ok
# attack: B17 turns off address randomisation and makes all memory executable
# weaken: seccomp
import attack

ADDR_NO_RANDOMIZE, READ_IMPLIES_EXEC = 0x40000, 0x400000
attack.verdict(*[
    attack.expect_denied("personality", value, what=f"personality({value:#x})")
    for value in (0xFFFFFFFF, ADDR_NO_RANDOMIZE, READ_IMPLIES_EXEC, 8)
])
