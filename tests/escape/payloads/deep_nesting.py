# expect: ok
# attack: E17 hides a file below more directories than a harvester should enter
# weaken: harvest
# weak-expect: artifact d/d/d/d/d/d/d/d/d/d/d/d/d/d/d/d/d/d/d/d/d/d/d/d/d/d/d/d/d/d/bottom.txt
# artifacts: d/d/d/near.txt
import os

path = "/".join(["d"] * 30)
os.makedirs(path)
open("d/d/d/near.txt", "w").write("near")
open(path + "/bottom.txt", "w").write("deep")
