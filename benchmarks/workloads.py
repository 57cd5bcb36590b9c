"""What is run, W1 to W11: the same script for every side, and the same check of what it answered."""
import dataclasses
import json
import random
import re
from typing import Callable

MEMORY_MIB = 256
PROCESSES = 64
PATIENCE_S = 10.0  # the time limit of what is not about time limits


@dataclasses.dataclass
class Seen:
    """What became of a job, whoever ran it."""
    exit_code: int  # below zero: a signal
    stdout: str
    stderr: str
    killed: bool = False    # at its time limit
    outcome: str = ""       # of ours
    result: dict = dataclasses.field(default_factory=dict)


@dataclasses.dataclass
class Workload:
    name: str
    title: str
    code: str
    check: Callable  # of Seen: a complaint, or nothing
    needs: str = ""  # "numpy", "pandas": what must be importable
    time_limit_s: float = PATIENCE_S
    directory: str = "empty"  # below the scratch directory: what the workspace of peers is
    input: str = ""           # a file in it
    limits: dict = dataclasses.field(default_factory=dict)  # of ours, beside those of all
    ends_badly: bool = False
    needs_memory_limit: bool = False


def prints(expected):
    def check(seen):
        if seen.killed:
            return "was not done at its time limit"
        if seen.exit_code != 0:
            return f"ended with {seen.exit_code}: {seen.stderr[-300:]}"
        return None if seen.stdout == expected else f"printed {seen.stdout[:200]!r} and not {expected!r}"

    return check


def raises(seen):
    if seen.exit_code != 1 or "ValueError: no" not in seen.stderr:
        return f"ended with {seen.exit_code}, without the traceback: {seen.stderr[-300:]}"
    return None


def is_ended(seen):
    if not seen.killed and seen.outcome != "time_limit" and seen.exit_code != 124:
        return f"was not ended at its time limit, but with {seen.exit_code}: {seen.stderr[-300:]}"
    return None if re.match(r"\d+\n", seen.stdout) else "had not begun before its time limit"


def is_out_of_memory(seen):
    if seen.outcome == "memory_limit" or seen.exit_code in (137, -9) or "MemoryError" in seen.stderr:
        return None
    return f"was not stopped at its memory limit, but ended with {seen.exit_code}: {seen.stdout[-100:]} {seen.stderr[-300:]}"


def csv_of_10_mb():
    """The same on every machine."""
    generator = random.Random(5)
    rows = ["key,value,weight\n"]
    rows += [f"k{generator.randrange(100)},{generator.random():.9f},{generator.random():.9f}\n" for _ in range(370_000)]
    return "".join(rows)


HELLO = "print('hello')"
IMPORTS = """import json, re, datetime
day = datetime.date(2024, 2, 28) + datetime.timedelta(days=2)
print(json.dumps({"day": str(day), "words": re.findall("[a-z]+", "one 2 three")}))"""
MATRIX = """import numpy
a = numpy.arange(40000.0).reshape(200, 200)
print(int((a @ a).trace()))"""
GROUPS = """import pandas
frame = pandas.DataFrame({"key": [i % 7 for i in range(1000)], "value": range(1000)})
print(frame.groupby("key")["value"].sum().tolist())"""
CSV = """import pandas
frame = pandas.read_csv("data.csv")
print(len(frame), frame["key"].nunique())"""
LOOP = """total = 0
for i in range(8_000_000): total += i * i & 3
print(total)"""
CALLS = """import os
for i in range(50_000):
    os.stat("/usr/bin/python3")
    os.close(os.open("/usr/bin", os.O_RDONLY))
print(i)"""
HEARTBEAT = """import os, time
beat = 0
while True:
    now = time.monotonic_ns()
    if now - beat > 100_000:
        beat = now
        os.write(1, b"%d\\n" % now)"""
BOMB = """pieces = []
while True: pieces.append(b"x" * (8 << 20))"""


def group_sums():
    return [sum(range(key, 1000, 7)) for key in range(7)]


def trace_of_square():
    return sum((200 * i + k) * (200 * k + i) for i in range(200) for k in range(200))


ALL = [
    Workload("pass", "nothing", "pass", prints("")),
    Workload("W1", "hello", HELLO, prints("hello\n")),
    Workload("W2", "json, re, datetime", IMPORTS,
             prints(json.dumps({"day": "2024-03-01", "words": ["one", "three"]}) + "\n")),
    Workload("W3", "numpy, product of 200 x 200", MATRIX, prints(f"{trace_of_square()}\n"), needs="numpy"),
    Workload("W4", "pandas, groupby over 1,000 rows", GROUPS, prints(f"{group_sums()}\n"), needs="pandas"),
    Workload("W5", "pandas, read_csv of 10 MB", CSV, prints("370000 100\n"), needs="pandas", directory="csv", input="data.csv"),
    Workload("W6", "a second of arithmetic", LOOP, prints(f"{sum(i * i & 3 for i in range(8_000_000 % 4 or 4)) * 2_000_000}\n")),
    Workload("W7", "150,000 calls of stat, open, close", CALLS, prints("49999\n")),
    Workload("W9", "an exception", "raise ValueError('no')", raises, ends_badly=True),
    Workload("W10", "killed at its time limit", HEARTBEAT, is_ended, time_limit_s=0.5, ends_badly=True,
             limits={"grace_period": 0}),
    Workload("W11", "a memory bomb", BOMB, is_out_of_memory, ends_badly=True, needs_memory_limit=True),
]
BY_NAME = {workload.name: workload for workload in ALL}


def copying(size):
    """W8: a file of `size` bytes in, and the same out again."""
    def check(seen):
        files = {file["path"]: file["size"] for file in seen.result.get("artifacts") or seen.result.get("files") or []}
        if seen.result and files != {"out.bin": size}:
            return f"handed back {files}: {seen.outcome} {seen.stderr[-300:]}"
        return prints(f"{size}\n")(seen)

    code = """import os, shutil
shutil.copyfile("in.bin", "out.bin")
print(os.path.getsize("out.bin"))"""
    return Workload(f"W8-{size}", f"{size} bytes in and out", code, check, time_limit_s=60, directory=f"file-{size}", input="in.bin",
                    limits={"memory_bytes": (3 * size) + (MEMORY_MIB << 20), "workspace_bytes": size + (1 << 20),
                            "file_size_bytes": size + 1, "artifact_bytes": size + (1 << 20)})


def last_heartbeat(seen):
    """Nanoseconds of the program's clock when it last wrote; nothing if it never did."""
    beats = re.findall(r"^(\d+)\n", seen.stdout, re.MULTILINE)
    return int(beats[-1]) if beats else None
