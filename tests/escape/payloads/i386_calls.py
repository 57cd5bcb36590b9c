# expect: syscall_denied
# attack: B27 calls through int 0x80, where number 20 is getpid and not writev
# weaken: seccomp
# signal: SIGSYS
# runsc: expect: ok
# runsc: note: gVisor answers, but by its own kernel and not by number 20
import ctypes
import mmap
import os

import attack

code = bytes.fromhex("53" "b814000000" "cd80" "5b" "c3")  # push rbx; mov eax, 20; int 0x80; pop rbx; ret
page = mmap.mmap(-1, mmap.PAGESIZE, prot=mmap.PROT_READ | mmap.PROT_WRITE | mmap.PROT_EXEC)
page.write(code)
function = ctypes.CFUNCTYPE(ctypes.c_int)(ctypes.addressof(ctypes.c_char.from_buffer(page)))
attack.escaped_if(function() == os.getpid(), "getpid answered")
