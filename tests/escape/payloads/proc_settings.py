# expect: ok
# attack: C6 opens kernel settings for writing: core_pattern, sysrq, forwarding, its own user map
# weaken: proc,capabilities,landlock
import os

import attack

names = ["/proc/sys/kernel/core_pattern", "/proc/sys/kernel/modprobe", "/proc/sysrq-trigger",
         "/proc/sys/net/ipv4/ip_forward", "/proc/sys/net/ipv4/ip_unprivileged_port_start", "/proc/sys/kernel/shmmax"]
attack.verdict_of_any(*[
    attack.attempt(name, lambda name=name: os.close(os.open(name, os.O_WRONLY))) for name in names
])
