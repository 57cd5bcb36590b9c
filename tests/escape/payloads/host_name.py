# expect: ok
# attack: C9 asks for the name of the host
# weaken: uts
import os
import socket

import attack

attack.verdict(
    attack.Try("uname", os.uname().nodename != "sandbox", os.uname().nodename, False),
    attack.Try("gethostname", socket.gethostname() != "sandbox", socket.gethostname(), False),
)
