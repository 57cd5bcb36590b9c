# expect: ok
# attack: C11 reads interfaces, and who listens where, out of /proc/self/net
# weaken: net
import attack

port = int(attack.host("port"))
sockets = [line.split()[1] for line in list(open("/proc/self/net/tcp"))[1:]]
interfaces = [line.split(":")[0].strip() for line in list(open("/proc/self/net/dev"))[2:]]
abstract = attack.host("abstract")
attack.precondition(interfaces, "no interface is listed, not even lo")
print("interfaces", interfaces, "sockets", len(sockets))
attack.verdict(
    attack.Try("the host's listener", any(place.endswith(f":{port:04X}") for place in sockets), str(port), False),
    attack.Try("the host's abstract socket", abstract in open("/proc/self/net/unix").read(), abstract, False),
    attack.Try("another interface", interfaces != ["lo"], " ".join(interfaces), True),
)
