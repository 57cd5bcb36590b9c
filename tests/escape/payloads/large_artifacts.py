# expect: ok
# attack: E13 leaves 2.4 MB in six files where 1 MB is kept
# weaken: harvest
# weak-expect: artifact f5
# limits: artifact_bytes=1M
# failure: artifact_bytes
# artifacts: f0 f1
for number in range(6):
    with open(f"f{number}", "wb") as file:
        file.write(b"x" * 400_000)
