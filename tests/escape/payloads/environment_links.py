# expect: ok
# attack: A39 leaves through links that a package brought along: absolute, relative, a directory's
# weaken: root
# needs: environment
import os

import attack

LINKS = "/environment/links"
attack.precondition(sorted(os.listdir(LINKS)) == ["absolute", "directory", "relative"], "there are no links")


def read(name):
    with open(name, "rb") as file:
        return len(file.read())


attack.verdict(
    attack.attempt("absolute", lambda: read(f"{LINKS}/absolute")),
    attack.attempt("relative", lambda: read(f"{LINKS}/relative")),
    attack.attempt("directory", lambda: read(f"{LINKS}/directory/canary")),
)
