# expect: ok
# attack: E7 leaves a socket where an artifact would be
# weaken: seccomp
# artifacts: honest.txt
import socket

import attack

open("honest.txt", "w").write("honest")
attack.verdict(attack.attempt("bind", lambda: socket.socket(socket.AF_UNIX).bind("out.txt")))
