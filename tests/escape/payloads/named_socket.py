# expect: ok
# attack: A29 connects to a socket in the host's file system, as the Docker daemon has one
# weaken: seccomp,root
import socket

import attack

path = attack.host("socket")
attack.verdict(attack.attempt("connect", lambda: socket.socket(socket.AF_UNIX).connect(path)))
