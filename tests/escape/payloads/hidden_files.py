# expect: ok
# attack: E14 smuggles files under names that begin with a dot, and in caches
# weaken: harvest
# weak-expect: artifact .hidden .cache/inner.txt __pycache__/module.cpython-311.pyc
# artifacts: shown.txt
import os

for directory in (".cache", "__pycache__"):
    os.mkdir(directory)
for name in ("shown.txt", ".hidden", ".cache/inner.txt", "__pycache__/module.cpython-311.pyc"):
    with open(name, "w") as file:
        file.write(name)
