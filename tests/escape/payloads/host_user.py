# expect: ok
# attack: A21 asks which user of the host it is
# weaken: identity
# needs: root
# docker: otherwise: it has no user namespace unless the engine remaps users
# runsc: absent: its user map is that of gVisor's own kernel, and says nothing of the host
import attack

lines = [line.split() for line in open("/proc/self/uid_map")]
# OCI runtimes need a root in every user namespace: a user of the host as whom nothing else runs.
expected = 1 if attack.runtime() == "native" else 2
attack.precondition(len(lines) == expected and all(line[2] == "1" for line in lines), f"the user map is {lines}")
attack.escaped_if(any(int(line[1]) == 0 for line in lines), f"on the host it is user {lines[-1][1]}")
