# expect: ok
# attack: E10 makes sparse files that are cheap to have and dear to keep
# weaken: harvest
# weak-expect: artifact sparse.bin
# limits: artifact_bytes=1M
# failure: artifact_bytes
# artifacts: small.txt
import os

with open("sparse.bin", "wb") as file:
    os.ftruncate(file.fileno(), 8 << 20)
open("small.txt", "w").write("small")
