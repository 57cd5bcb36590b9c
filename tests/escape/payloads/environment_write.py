# expect: ok
# attack: A36 writes into the packages of the environment, which later jobs import
# weaken: readonly,landlock
# needs: environment
import os

import attack

PACKAGES = "/environment/site-packages"
attack.precondition(open(f"{PACKAGES}/victim.py").read(), "there is no package")


def append():
    with open(f"{PACKAGES}/victim.py", "a") as file:
        file.write("raise SystemExit('poisoned')\n")


def plant(name):
    with open(name, "x") as file:
        file.write("raise SystemExit('poisoned')\n")


attack.verdict(
    attack.attempt("append", append),
    attack.attempt("truncate", lambda: os.truncate(f"{PACKAGES}/victim.py", 0)),
    attack.attempt("plant a package", lambda: plant(f"{PACKAGES}/sitecustomize.py")),
    attack.attempt("plant a program", lambda: plant("/environment/python3")),
    attack.attempt("plant a directory", lambda: os.mkdir(f"{PACKAGES}/__pycache__")),
)
