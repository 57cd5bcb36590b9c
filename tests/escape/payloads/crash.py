# expect: signaled
# attack: D24 crashes the interpreter by reading address 0; a program may do that, so nothing is weakened
# weaken: none
# signal: SIGSEGV
import ctypes

ctypes.string_at(0)
