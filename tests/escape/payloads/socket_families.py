# expect: ok
# attack: B9 makes a socket of every family but AF_UNIX, in every type
# weaken: seccomp,capabilities
import attack

AF_UNIX = 1
TYPES = {1: "stream", 2: "datagram", 3: "raw", 5: "packet"}
# Left out is what a kernel may refuse to a user namespace: decnet, ax25 and their like.
SURE = {2, 10, 16, 17}  # INET, INET6, NETLINK, PACKET
tries = [
    attack.expect_denied("socket", family, kind, 0, what=f"family {family} {TYPES[kind]}", optional=family not in SURE)
    for family in range(0, 64) if family != AF_UNIX
    for kind in TYPES
]
attack.verdict(*tries)
