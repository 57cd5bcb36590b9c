# expect: ok
# attack: A21 asks which user of the host it is
# weaken: identity
# needs: root
import attack

lines = [line.split() for line in open("/proc/self/uid_map")]
attack.precondition(len(lines) == 1 and lines[0][2] == "1", f"the user map is {lines}")
attack.escaped_if(int(lines[0][1]) == 0, f"on the host it is user {lines[0][1]}")
