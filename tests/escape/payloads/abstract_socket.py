# expect: ok
# attack: A28 connects to an abstract socket of the host, as D-Bus and X11 have them
# weaken: seccomp,net,landlock
import socket

import attack

address = b"\0" + attack.host("abstract").encode()


def connect(kind):
    socket.socket(socket.AF_UNIX, kind).connect(address)


attack.verdict(attack.attempt("connect", lambda: connect(socket.SOCK_STREAM)))
