"""What is measured without contenders: the queue's store, transfers beside nginx, the stages of a run, parked sandboxes."""
import collections
import json
import os
import pathlib
import subprocess

import machine
import service_bench
from block_driver import CLEAN
from contender import PYTHON, CannotRun
from ours import is_warm
from rounds import compare

ROOT = pathlib.Path(__file__).resolve().parents[1]
CLIENTS = 64  # of job_store_bench
DEEP, SHALLOW = 100_000, 1
STAGE = "stages by themselves"


def store(session, place):
    """Submissions that share commits, and claims out of a deep queue: the rounds of job_store_bench."""
    session.tell("the store of the queue")
    load = machine.idle_load(1)
    helper = ROOT / "tests/support/throwaway_postgres.py"
    command = [PYTHON, helper, "-n", "3", place.bin / "job_store_bench", "--rounds"]
    # Its directory is the current one: that of the build, which is on a disk.
    done = subprocess.run(list(map(str, command)), cwd=place.bin, env=CLEAN, capture_output=True, text=True)
    if done.returncode != 0:
        session.absence("the store of the queue", "job_store_bench", done.stderr.strip()[-300:])
    rounds = collections.defaultdict(lambda: collections.defaultdict(dict))
    for line in done.stdout.splitlines():
        number, name, what, value = line.split(",")
        rounds[name][int(number)][what] = float(value)
    for name, of_store in rounds.items():
        rows = [of_store[number] for number in sorted(of_store)]
        add(session, compare(f"durable submissions, {name}", "1/s", rows, f"submits/s of {CLIENTS} clients", "submits/s one by one",
                             less_is_better=False, load=load))
        for depth in (1_000, DEEP):  # above 1: slower than with one job
            add(session, compare(f"claim time, {depth} queued, {name}", "us", rows, f"claim us with {SHALLOW} queued",
                                 f"claim us with {depth} queued", load=load))


def add(session, record):
    if record:
        session.records.append(record)


def transfers(session, place, *, megabytes, count):
    session.tell(f"transfers of {megabytes} MiB beside nginx")
    if not pathlib.Path("/usr/sbin/nginx").exists():
        return session.absence("transfers", "nginx", "it is not installed; install the package nginx")
    load = machine.idle_load(1)
    service_bench.use(place.bin / "pysandbox-server")
    rounds = service_bench.transfers(megabytes, count)
    for way in ("download", "upload"):
        preposition = "from" if way == "download" else "to"
        add(session, compare(f"{way} of {megabytes} MiB", "MiB/s", rounds, f"{way} {preposition} pysandbox-server",
                             f"{way} {preposition} nginx", less_is_better=False, load=load))
    return None


def stages(session, place, *, repetitions, min_time_s):
    """Microseconds of each stage: the medians of stage_bench."""
    session.tell("the stages of a run")
    command = [place.bin / "stage_bench", "--benchmark_format=json", f"--benchmark_repetitions={repetitions}",
               f"--benchmark_min_time={min_time_s}", "--benchmark_enable_random_interleaving=true"]
    done = subprocess.run(list(map(str, command)), cwd=place.bin, env=CLEAN, capture_output=True, text=True)
    if done.returncode != 0:
        return session.absence("stages", "stage_bench", done.stderr.strip()[-300:])
    times = collections.defaultdict(list)
    for entry in sorted(json.loads(done.stdout)["benchmarks"], key=lambda entry: entry["family_index"]):
        if entry.get("run_type") == "iteration" and not entry.get("error_occurred"):
            times[entry["name"].removesuffix("/manual_time")].append(entry["real_time"])
        elif entry.get("error_occurred"):
            session.absence("stages", entry["name"], entry["error_message"])
    for name, values in times.items():
        session.keep_side(STAGE, name, "us", values)
    return None


# PARKED SANDBOXES

def descendants(pid):
    found = []
    for task in pathlib.Path(f"/proc/{pid}/task").glob("*"):
        for child in machine.read(task / "children").split():
            found += [int(child), *descendants(int(child))]
    return found


def pss_kib(pid):
    return int(machine.line_of(f"/proc/{pid}/smaps_rollup", "Pss").split()[0])


def pid_namespace(pid):
    return os.readlink(f"/proc/{pid}/ns/pid")


def parked(session, in_process, modules):
    """Resident memory of one sandbox that waits for a job, beside an idle python3 with the same imports. Each sandbox has
    a pid namespace of its own; memory that processes share counts in parts (PSS); the kernel's own is not in it."""
    what = f"memory of a parked sandbox, {' and '.join(modules) or 'hello'}"
    try:
        host = pid_namespace(os.getpid())
        groups = collections.defaultdict(int)
        for pid in descendants(in_process.driver().process.pid):
            if (name := pid_namespace(pid)) != host:
                groups[name] += pss_kib(pid)
        if not groups:
            raise CannotRun("this build keeps none: no process waits in a pid namespace of its own while nothing runs")
        sizes = sorted(groups.values())
        imports = f"import {', '.join(modules)}\n" if modules else ""
        with subprocess.Popen([PYTHON, "-c", f"{imports}print(flush=True)\nimport sys\nsys.stdin.read()"], stdin=subprocess.PIPE,
                              stdout=subprocess.PIPE, env=CLEAN) as idle:
            idle.stdout.readline()
            alone = pss_kib(idle.pid)
            idle.stdin.close()
        rows = [{in_process.name: size, "idle python3": alone} for size in sizes]
        add(session, compare(what, "KiB", rows, in_process.name, "idle python3"))
    except (CannotRun, OSError) as error:
        session.absence(what, in_process.name, str(error))


def pool(session, in_process):
    """What needs a pool that can be set to a size, and so one at all."""
    warm = is_warm(session.isolation.get(in_process.name, {}))
    reason = "the benchmark cannot set the pool of this build to a size yet" if warm else \
        "this build has no pool: its results say nothing of a warm interpreter"
    for what in ("W1, pool empty, to output", "curve over the size of the pool"):
        session.absence(what, in_process.name, reason)
