# expect: ok
# attack: E12 leaves 10 000 files where 3 are kept
# weaken: harvest
# weak-expect: artifact f9999
# limits: artifact_count=3
# failure: artifact_count
# artifacts: f0000 f0001 f0002
for number in range(10_000):
    open(f"f{number:04}", "x").close()
