# expect: ok
# attack: A23 opens the standard library for writing, to poison it for every later job
# weaken: identity,readonly,landlock
# needs: root
import os

import attack

attack.precondition(os.__file__.startswith("/usr/"), "the library is not below /usr")
attack.verdict(attack.attempt("open for writing", lambda: os.close(os.open(os.__file__, os.O_WRONLY))))
