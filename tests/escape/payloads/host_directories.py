# expect: ok
# attack: A4 looks for directories that only the whole root of a host has
# weaken: root
# docker: otherwise: /sys is there; of it only the container's own cgroup can be read
# runsc: absent: gVisor shows a /sys of its own, which tells of no host
import os

import attack

names = ["/var", "/home", "/root", "/boot", "/srv", "/mnt", "/opt", "/media", "/sys"]
attack.verdict_of_any(*[attack.attempt(name, lambda name=name: os.stat(name).st_ino) for name in names])
