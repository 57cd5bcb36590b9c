# expect: ok
# attack: C8 reads the files that tell one host from another
# weaken: root
# docker: otherwise: the engine mounts a resolv.conf, which names nobody
import os

import attack

names = ["/etc/machine-id", "/etc/resolv.conf", "/etc/shadow", "/etc/fstab", "/etc/ssh",
         "/etc/crontab", "/etc/issue", "/etc/debian_version", "/etc/shells", "/etc/environment", "/var/log"]
attack.verdict_of_any(*[attack.attempt(name, lambda name=name: os.stat(name).st_size) for name in names])
