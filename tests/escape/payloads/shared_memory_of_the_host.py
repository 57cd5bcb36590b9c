# expect: ok
# attack: B23 attaches to a System V segment of the host
# weaken: seccomp,ipc
import ctypes

import attack

SHM_RDONLY = 0o10000
segment, error = attack.syscall("shmget", int(attack.host("shm")), 0, 0)
print("shmget", segment, error)
if segment >= 0:
    address, error = attack.syscall("shmat", segment, None, SHM_RDONLY)
    attack.precondition(address != -1, f"shmat fails with errno {error}")
    print("it holds", len(ctypes.string_at(address)), "bytes")
attack.escaped_if(segment >= 0, f"errno {error}")
