# expect: syscall_denied
# attack: B26 calls through the x32 table, whose numbers a filter for x86_64 does not list
# weaken: seccomp
# signal: SIGSYS
import attack

X32 = 0x40000000
result, error = attack.syscall(X32 | attack.NUMBERS["getpid"])
attack.escaped(f"the kernel answered {result}, errno {error}")
