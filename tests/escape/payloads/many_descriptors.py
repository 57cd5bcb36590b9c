# expect: ok
# attack: D15 opens 200 descriptors, where 64 are allowed
# weaken: rlimits
# limits: open_files=64 time_limit=20
import errno
import os

import attack

kept = []
try:
    while len(kept) < 200:
        kept.append(os.open("/dev/null", os.O_RDONLY))
except OSError as error:
    attack.precondition(error.errno == errno.EMFILE and len(kept) > 32, f"errno {error.errno} after {len(kept)}")
    for fd in kept[:8]:
        os.close(fd)
    attack.blocked(f"after {len(kept)}")
attack.escaped(f"{len(kept)} descriptors")
