# expect: process_limit
# attack: D2 starts threads without end (stops at 40)
# weaken: cgroup,rlimits
# limits: processes=16 time_limit=20
# failure: processes
import threading
import time

import attack

for count in range(40):
    threading.Thread(target=time.sleep, args=(60,), daemon=True).start()
attack.escaped("40 threads are alive")
