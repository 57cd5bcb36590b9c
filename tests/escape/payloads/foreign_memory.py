# expect: ok
# attack: B5 reads and writes the memory of another process of its own
# weaken: seccomp
import ctypes
import os
import signal
import time

import attack

secret = ctypes.create_string_buffer(b"what the child keeps")
child = os.fork()
if child == 0:
    time.sleep(60)
    os._exit(0)
place = (ctypes.c_uint64 * 2)(ctypes.addressof(secret), len(secret))
buffer = ctypes.create_string_buffer(len(secret))
here = (ctypes.c_uint64 * 2)(ctypes.addressof(buffer), len(buffer))
tries = [
    attack.expect_denied("process_vm_readv", child, here, 1, place, 1, 0),
    attack.expect_denied("process_vm_writev", child, here, 1, place, 1, 0),
    attack.expect_denied("process_madvise", -1, place, 1, 20, 0),
    attack.expect_denied("process_mrelease", -1, 0),
]
os.kill(child, signal.SIGKILL)
attack.verdict(*tries)
