# expect: ok
# attack: A24 plants files in the directories of the root that were made for it
# weaken: readonly,landlock
import os

import attack


def plant(directory):
    os.mkdir(f"{directory}/planted")
    os.rmdir(f"{directory}/planted")


attack.verdict(*[attack.attempt(f"in {name}", lambda name=name: plant(name)) for name in ("/", "/etc", "/dev", "/run")])
