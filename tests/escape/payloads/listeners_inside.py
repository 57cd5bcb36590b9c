# expect: ok
# attack: C12 looks for a server inside of the sandbox that it could talk to (found in a hosted interpreter in 2025)
# weaken: net
import attack


def listening(name, state, column):
    rows = [line.split() for line in list(open(f"/proc/self/net/{name}"))[1:]]
    return [row[1] for row in rows if row[column] == state]


found = listening("tcp", "0A", 3) + listening("tcp6", "0A", 3) + listening("udp", "07", 3)
with open("/proc/self/net/unix") as table:
    found += [line.split()[-1] for line in list(table)[1:] if line.split()[3] == "00010000"]
attack.escaped_if(found, " ".join(found[:10]))
