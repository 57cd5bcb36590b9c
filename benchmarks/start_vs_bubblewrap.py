#!/usr/bin/env python3
"""One-shot start of `print(1)`: pysandbox run, bubblewrap, bare python3; alternating, in one run.

    benchmarks/start_vs_bubblewrap.py [--program build/release/bin/pysandbox] [--rounds 200] [--csv FILE]

Each round runs each side once, in a random order, and gives a ratio; printed are the medians of the ratios with a
bootstrap 95 % interval. bubblewrap isolates less: it gets the same interpreter, read-only /usr, new namespaces, no
network, a tmpfs; it has no cgroup, no system-call filter, no limits, and collects no files.
"""
import argparse
import os
import statistics
import subprocess
import sys
import time

from rounds import in_rounds, interval

parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
parser.add_argument("--program", default="build/release/bin/pysandbox")
parser.add_argument("--rounds", type=int, default=200)
parser.add_argument("--csv", help="write every sample here")
parser.add_argument("--at-most", type=float, help="exit 1 if the median ratio to bubblewrap is above this")
options = parser.parse_args()

PYTHON = "/usr/bin/python3"
links = [word for name in ("bin", "sbin", "lib", "lib64") for word in ("--symlink", f"usr/{name}", f"/{name}")]
sides = {
    "pysandbox": [options.program, "run", "-c", "print(1)"],
    "bubblewrap": ["bwrap", "--unshare-all", "--die-with-parent", "--new-session", "--clearenv", "--ro-bind", "/usr", "/usr",
                   *links, "--proc", "/proc", "--dev", "/dev", "--tmpfs", "/workspace", "--chdir", "/workspace",
                   PYTHON, "-c", "print(1)"],
    "bare python": [PYTHON, "-c", "print(1)"],
}


def one(command):
    started = time.perf_counter_ns()
    done = subprocess.run(command, stdout=subprocess.PIPE, stdin=subprocess.DEVNULL)
    taken = time.perf_counter_ns() - started
    if done.returncode != 0 or done.stdout != b"1\n":
        sys.exit(f"failed: {command}: {done}")
    return taken / 1e6


for command in sides.values():  # warm the page cache; not counted
    one(command)
rounds = in_rounds(options.rounds, {side: lambda command=command: one(command) for side, command in sides.items()})

if options.csv:
    with open(options.csv, "w") as file:
        print(",".join(sides), file=file)
        for row in rounds:
            print(",".join(f"{row[side]:.4f}" for side in sides), file=file)

print(f"{options.rounds} rounds, {os.cpu_count()} cpus, Linux {os.uname().release}, load {os.getloadavg()[0]:.2f}")
for side in sides:
    times = sorted(row[side] for row in rounds)
    print(f"  {side:12} p50 {statistics.median(times):7.2f} ms   min {times[0]:7.2f} ms   p99 {times[int(len(times) * 0.99) - 1]:7.2f} ms")
worst = 0.0
for peer in ("bubblewrap", "bare python"):
    ratios = [row["pysandbox"] / row[peer] for row in rounds]
    low, high = interval(ratios)
    median = statistics.median(ratios)
    print(f"  pysandbox / {peer}: {median:.3f} (95 %: {low:.3f} to {high:.3f})")
    if peer == "bubblewrap":
        worst = median
if options.at_most and worst > options.at_most:
    sys.exit(f"slower than asked: {worst:.3f} > {options.at_most}")
