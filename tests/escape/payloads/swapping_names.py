# expect: ok
# attack: E16 leaves processes that swap a file and a link while the harvest runs
# weaken: harvest
# weak-expect: leak
# artifacts: one.txt? two.txt? one/passwd? two/passwd?
# runsc: absent: gVisor cannot exchange two names
import os

import attack

AT_FDCWD, RENAME_EXCHANGE, RENAMEAT2 = -100, 2, 316
path = attack.host("file")
open("one.txt", "w").write("honest")
os.symlink(path, "two.txt")
os.mkdir("one")
open("one/passwd", "w").write("honest")
os.symlink(os.path.dirname(path), "two")


def swap(first, second):
    while True:
        attack.syscall(RENAMEAT2, AT_FDCWD, first, AT_FDCWD, second, RENAME_EXCHANGE)


_, error = attack.syscall(RENAMEAT2, AT_FDCWD, b"one.txt", AT_FDCWD, b"two.txt", RENAME_EXCHANGE)
attack.precondition(error == 0, f"names cannot be swapped: errno {error}")
for pair in ((b"one.txt", b"two.txt"), (b"one", b"two")):
    for times in range(2):
        if os.fork() == 0:
            swap(*pair)
