# expect: ok
# attack: C3 searches its own memory for what the runner left there before it started the program
# weaken: environment
import re

import attack

pattern = re.compile(rb"PYSANDBOX_CANAR[Y]=[0-9a-f]{32}")  # does not match itself
found = searched = 0
with open("/proc/self/maps") as maps, open("/proc/self/mem", "rb", buffering=0) as memory:
    for line in maps:
        bounds, mode = line.split()[:2]
        start, end = (int(word, 16) for word in bounds.split("-"))
        if not mode.startswith("rw") or end - start > 256 << 20:
            continue
        try:
            memory.seek(start)
            content = memory.read(end - start)
        except OSError:
            continue
        searched += len(content)
        found += len(pattern.findall(content))
attack.precondition(searched > 1 << 20, f"only {searched} bytes could be read")
attack.escaped_if(found, f"{found} times in {searched} bytes")
