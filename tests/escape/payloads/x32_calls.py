# expect: syscall_denied
# attack: B26 calls through the x32 table, whose numbers a filter for x86_64 does not list
# weaken: seccomp
# signal: SIGSYS
# runsc: expect: ok
import attack

X32 = 0x40000000
result, error = attack.syscall(X32 | attack.NUMBERS["getpid"])
# gVisor's filter ends nobody: it refuses every number that it does not list.
attack.escaped_if(attack.runtime() != "runsc" or error not in attack.REFUSED, f"the kernel answered {result}, errno {error}")
