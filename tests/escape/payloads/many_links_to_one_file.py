# expect: ok
# attack: E11 multiplies one file by a hundred links to it
# weaken: harvest
# weak-expect: artifact link-00.bin link-99.bin
# limits: artifact_count=200
# artifacts: big.bin
import os

with open("big.bin", "wb") as file:
    file.write(b"x" * 100_000)
for number in range(100):
    os.symlink("big.bin", f"link-{number:02}.bin")
