# expect: ok
# attack: A38 puts files of its own in the place of the environment's: renames, removes, links
# weaken: readonly,landlock
# needs: environment
import os

import attack

PACKAGES = "/environment/site-packages"


def replace():
    with open(f"{PACKAGES}/mine.py", "x") as file:
        file.write("raise SystemExit('poisoned')\n")
    os.replace(f"{PACKAGES}/mine.py", f"{PACKAGES}/victim.py")


attack.verdict(
    attack.attempt("rename over", replace),
    attack.attempt("link", lambda: os.symlink("/workspace/main.py", f"{PACKAGES}/linked.py")),
    attack.attempt("rename a directory", lambda: os.rename(PACKAGES, "/environment/moved")),
    attack.attempt("remove", lambda: os.unlink("/environment/moved/victim.py")),
)
