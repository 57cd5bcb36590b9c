# expect: ok
# attack: A31 connects to a TCP service that listens on the host's loopback address
# weaken: seccomp,net,landlock
import socket

import attack

port = int(attack.host("port"))
attack.verdict(attack.attempt("connect", lambda: socket.create_connection(("127.0.0.1", port), timeout=5)))
