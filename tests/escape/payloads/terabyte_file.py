# expect: ok
# attack: E9 makes a sparse file of 1 TB
# weaken: rlimits
# artifacts: none
import os

import attack


def grow():
    with open("huge.bin", "wb") as file:
        os.ftruncate(file.fileno(), 1 << 40)


grown = attack.attempt("ftruncate", grow)
os.unlink("huge.bin")
attack.verdict(grown)
