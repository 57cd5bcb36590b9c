# expect: ok
# attack: A30 sends datagrams to sockets of the host without ever calling connect
# weaken: root,net,landlock,seccomp
import socket

import attack

try:
    client = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
except PermissionError:
    attack.blocked("no datagram sockets")
named = attack.host("socket") + ".datagrams"
abstract = "\0" + attack.host("abstract") + ".datagrams"
attack.verdict(
    attack.attempt("to a name", lambda: client.sendto(b"hello", named)),
    attack.attempt("to an abstract name", lambda: client.sendto(b"hello", abstract)),
)
