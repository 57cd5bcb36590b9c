# expect: ok
# attack: A35 leaves through links that /proc makes: cwd, root and the descriptors of each of its threads
# weaken: root
import os

import attack

path = attack.host("file")
directory = os.open("/", os.O_PATH)
names = [f"/proc/self/fd/{directory}", f"/proc/self/task/{os.getpid()}/root", "/proc/thread-self/cwd/.."]
attack.verdict(*[attack.attempt(name, lambda name=name: open(name + path, "rb").read() and "read") for name in names])
