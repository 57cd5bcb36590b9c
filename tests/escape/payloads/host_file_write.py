# expect: ok
# attack: A3 overwrites a file of the host that everybody may write
# weaken: root,landlock
import os

import attack

path = attack.host("file")


def overwrite():
    fd = os.open(path, os.O_WRONLY | os.O_TRUNC)
    os.write(fd, b"owned")
    os.close(fd)


attack.verdict(attack.attempt("overwrite", overwrite))
