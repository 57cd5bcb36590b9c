# expect: ok
# attack: A20 counts the capabilities that are left in each of its sets
# weaken: capabilities
import attack

lines = dict(line.rstrip("\n").split(":\t", 1) for line in open("/proc/self/status") if ":\t" in line)
sets = {name: int(lines.get(name, "0" if attack.runtime() == "runsc" else ""), 16) for name in ("CapInh", "CapPrm", "CapEff", "CapBnd", "CapAmb")}
attack.escaped_if(any(sets.values()), str(sets))
