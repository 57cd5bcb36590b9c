# expect: ok
# attack: C13 asks the kernel for interfaces and addresses through netlink
# weaken: seccomp
import socket

import attack

names = [name for _, name in socket.if_nameindex()] if attack.syscall("socket", 16, 3, 0)[0] >= 0 else []
attack.escaped_if(names, " ".join(names))
