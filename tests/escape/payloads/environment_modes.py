# expect: ok
# attack: A37 changes modes, times and attributes of the environment's files
# weaken: identity,readonly
# needs: environment
import os

import attack

VICTIM = "/environment/site-packages/victim.py"
attack.verdict(
    attack.attempt("set-id", lambda: os.chmod(VICTIM, 0o6777)),
    attack.attempt("hide from others", lambda: os.chmod("/environment/site-packages", 0o700)),
    attack.attempt("times", lambda: os.utime(VICTIM, (0, 0))),
    attack.attempt("owner", lambda: os.chown(VICTIM, os.getuid(), os.getgid()), optional=True),
)
