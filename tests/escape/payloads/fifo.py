# expect: ok
# attack: E6 leaves a FIFO, on which a careless harvester waits for ever
# weaken: seccomp
# artifacts: honest.txt
import os

import attack

open("honest.txt", "w").write("honest")
attack.verdict(attack.attempt("mkfifo", lambda: os.mkfifo("out.txt")))
