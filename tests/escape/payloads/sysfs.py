# expect: ok
# attack: C7 reads the host's hardware and cgroups below /sys
# weaken: root
# docker: otherwise: /sys is there; of it only the container's own cgroup can be read
# runsc: absent: gVisor shows a /sys of its own, which tells of no host
import os

import attack

attack.verdict_of_any(*[
    attack.attempt(name, lambda name=name: os.listdir(name))
    for name in ("/sys", "/sys/fs/cgroup", "/sys/firmware", "/sys/devices/virtual", "/sys/kernel", "/sys/class/net")
])
