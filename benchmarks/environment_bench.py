#!/usr/bin/env python3
"""Warm making of one set of packages: pysandbox env build, pip install --target, uv pip install --target; alternating.

    benchmarks/environment_bench.py [--program build/release/bin/pysandbox] [--rounds 10] [--packages pandas] [--uv PATH]

Warm means: everything was fetched before. pysandbox has the unpacked wheels and the lock, but not the environment; pip and uv
have their caches. Each round runs each side once, in a random order, into a place that does not exist; printed are the
medians, and of the ratios to pysandbox the median with a bootstrap 95 % interval. All three leave bytecode: pip compiles by
default, uv is told to.

pip and uv ask their index again for versions, as they always do; with --pinned they get the exact set, and install it with
--no-deps --no-index from a folder of its wheels, which is the least that they can do.
"""
import argparse
import os
import random
import shutil
import statistics
import subprocess
import sys
import tempfile
import time

parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
parser.add_argument("--program", default="build/release/bin/pysandbox")
parser.add_argument("--rounds", type=int, default=10)
parser.add_argument("--packages", nargs="+", default=["pandas"])
parser.add_argument("--uv", default=shutil.which("uv") or "build/tools/uv")
parser.add_argument("--pinned", action="store_true")
parser.add_argument("--at-least", type=float, help="exit 1 if pip takes less than so many times as long")
options = parser.parse_args()

PYTHON = "/usr/bin/python3"
place = tempfile.mkdtemp(prefix="pysandbox-bench-")
target, store, wheels = (os.path.join(place, name) for name in ("target", "store", "wheels"))
pip = [PYTHON, "-m", "pip", "--disable-pip-version-check", "--quiet"]
uv = [options.uv, "--quiet", "--cache-dir", os.path.join(place, "uv")]
pip_cache = ["--cache-dir", os.path.join(place, "pip"), "--root-user-action", "ignore"]
what = options.packages
if options.pinned:
    subprocess.run([*pip, "download", "--dest", wheels, *what], check=True)
    what = ["--no-index", "--no-deps", *sorted(os.path.join(wheels, name) for name in os.listdir(wheels))]
sides = {
    "pysandbox": [options.program, "env", "build", *options.packages, "--store", store, "--quiet"],
    "pip": [*pip, "install", *pip_cache, "--target", target, *what],
}
if os.access(options.uv, os.X_OK):
    sides["uv"] = [*uv, "pip", "install", "--python", PYTHON, "--compile-bytecode", "--target", target, *what]


def clear():
    shutil.rmtree(target, ignore_errors=True)
    for name in os.listdir(os.path.join(store, "environments")) if os.path.isdir(store) else []:
        shutil.rmtree(os.path.join(store, "environments", name))


def one(side):
    clear()
    started = time.perf_counter()
    done = subprocess.run(sides[side], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    taken = time.perf_counter() - started
    if done.returncode != 0:
        sys.exit(f"failed: {sides[side]}: {done.stderr}")
    return taken


def interval(values):
    medians = sorted(statistics.median(random.choices(values, k=len(values))) for _ in range(2000))
    return medians[50], medians[1949]


try:
    for side in sides:  # fills caches; not counted
        one(side)
    rounds = []
    for _ in range(options.rounds):
        order = list(sides)
        random.shuffle(order)
        rounds.append({side: one(side) for side in order})
finally:
    shutil.rmtree(place, ignore_errors=True)

print(f"{' '.join(options.packages)}, warm{', pinned' if options.pinned else ''}; {options.rounds} rounds")
for side in sides:
    print(f"  {side:>9}: median {statistics.median(row[side] for row in rounds) * 1000:8.1f} ms")
for side in list(sides)[1:]:
    ratios = [row[side] / row["pysandbox"] for row in rounds]
    low, high = interval(ratios)
    print(f"  {side} takes {statistics.median(ratios):.1f} times as long as pysandbox (95 %: {low:.1f} to {high:.1f})")
if options.at_least and statistics.median(row["pip"] / row["pysandbox"] for row in rounds) < options.at_least:
    sys.exit(1)
