"""What is measured without contenders: the queue's store, transfers beside nginx, the stages of a run, parked sandboxes."""
import collections
import contextlib
import json
import os
import pathlib
import statistics
import subprocess
import time

import machine
import service_bench
from block_driver import CLEAN
from contender import PYTHON, CannotRun
from ours import InProcess, has_pool, is_warm
from rounds import compare, in_rounds
from session import BLOCK_S
from workloads import BY_NAME

ROOT = pathlib.Path(__file__).resolve().parents[1]
CLIENTS = 64  # of job_store_bench
PATIENCE_S = 240  # until a program of ours that measures counts as hanging
DEEP, SHALLOW = 100_000, 1
STAGE = "stages by themselves"
WARM_JOB = "a warm job by stages, "  # and which


def store(session, place):
    """Submissions that share commits, and claims out of a deep queue: the rounds of job_store_bench."""
    session.tell("the store of the queue")
    load = machine.idle_load(1)
    helper = ROOT / "tests/support/throwaway_postgres.py"
    command = [PYTHON, helper, "-n", "3", place.bin / "job_store_bench", "--rounds"]
    # Its directory is the current one: that of the build, which is on a disk.
    done = subprocess.run(list(map(str, command)), cwd=place.bin, env=CLEAN, capture_output=True, text=True, timeout=PATIENCE_S)
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
    return record


def transfers(session, place, *, megabytes, count, budget_s):
    session.tell(f"transfers of {megabytes} MiB beside nginx")
    if not pathlib.Path("/usr/sbin/nginx").exists():
        return session.absence("transfers", "nginx", "it is not installed; install the package nginx")
    load = machine.idle_load(1)
    service_bench.use(place.bin / "pysandbox-server")
    until = time.monotonic() + budget_s
    rounds = service_bench.transfers(megabytes, count, lambda: time.monotonic() > until)
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
    env = {**CLEAN, **({"PYSANDBOX_BENCH_ENVIRONMENT": str(place.made.directory)} if place.modules else {})}
    done = subprocess.run(list(map(str, command)), cwd=place.bin, env=env, capture_output=True, text=True, timeout=PATIENCE_S)
    if done.returncode != 0:
        return session.absence("stages", "stage_bench", done.stderr.strip()[-300:])
    times = collections.defaultdict(list)
    of_job = collections.defaultdict(list)
    for entry in sorted(json.loads(done.stdout)["benchmarks"], key=lambda entry: entry["family_index"]):
        if entry.get("run_type") == "iteration" and not entry.get("error_occurred"):
            name = entry["name"].split("/iterations")[0].removesuffix("/manual_time")
            times[name].append(entry["real_time"])
            for key, value in entry.items():
                if key[0].isdigit():  # "1 a parked container is taken"
                    of_job[WARM_JOB + name.removeprefix("warm_job/"), key].append(value)
        elif entry.get("error_occurred"):
            session.absence("stages", entry["name"], entry["error_message"])
    for name, values in times.items():
        session.keep_side(STAGE, name, "us", values)
    for (metric, stage), values in of_job.items():
        session.keep_side(metric, stage, "us", values)
    return None


# POOLS

NO_POOL = "this build keeps no containers parked"
SETTLE_S = 2.0  # until a pool is full again, or longer if the machine is not at rest by then


def pool_curve(session, place, sizes, *, count, budget_s):
    """W1 in process over the size of the pool: ten runs without a pause, and one after each other with time to refill."""
    for size in sizes:
        what = f"W1, pool of {size}"
        if not has_pool(place):
            session.absence(what, InProcess.name, NO_POOL)
            continue
        session.tell(what)
        with InProcess(place, pool=size) as ours:
            warm_up(session, ours, "W1", what)
            times, starts = [], collections.Counter()
            until = time.monotonic() + budget_s / len(sizes)
            for _ in range(count):
                for sample, seen in session.block(ours, BY_NAME["W1"], what, count=10):
                    times.append(sample.to_output * 1e3)
                    starts[seen.result["isolation"].get("start", "")] += 1
                time.sleep(0.1)
                if time.monotonic() > until:
                    break
            told = ", ".join(f"{share} {start}" for start, share in starts.most_common())
            session.keep_side("W1 in process by size of the pool, ten at once every 100 ms, to output", f"pool of {size} ({told})", "ms", times)


def warm_up(session, ours, name, what):
    session.block(ours, BY_NAME[name], what, count=3)
    time.sleep(SETTLE_S)
    machine.settle(SETTLE_S)


def pool_empty(session, place, python, *, count, budget_s):
    """W1 in process by runs for which nothing was parked, although a pool is there: one more after the pool's only one."""
    what = "W1, pool empty"
    if not has_pool(place):
        return session.absence(what, InProcess.name, NO_POOL)
    session.tell(what)
    with InProcess(place, pool=1) as ours:
        warm_up(session, ours, "W1", what)

        def of_cold():
            runs = session.block(ours, BY_NAME["W1"], what, count=10)
            cold = [sample.to_output * 1e3 for sample, seen in runs if not is_warm(seen.result["isolation"])]
            return statistics.median(cold) if cold else None

        def of_python():
            return statistics.median([sample.to_end * 1e3 for sample, _ in session.block(python, BY_NAME["W1"], what, count=10)])

        load = machine.idle_load(BLOCK_S)
        until = time.monotonic() + budget_s
        rounds = in_rounds(count, {ours.name: of_cold, python.name: of_python}, lambda: time.monotonic() > until)
        if not add(session, compare(f"{what}, to output", "ms", rounds, ours.name, python.name, load=load)):
            session.absence(what, ours.name, "a container was parked for every run")
    return None


def descendants(pid):
    found = []
    for task in pathlib.Path(f"/proc/{pid}/task").glob("*"):
        for child in machine.read(task / "children").split():
            found += [int(child), *descendants(int(child))]
    return found


def pid_namespace(pid):
    return os.readlink(f"/proc/{pid}/ns/pid")


def parked_spaces(ours):
    """The pid namespaces below a driver; each parked container has one of its own, and so has what they are forked from."""
    host, spaces = pid_namespace(os.getpid()), set()
    for pid in descendants(ours.driver().process.pid):
        with contextlib.suppress(OSError):  # it may have ended meanwhile
            spaces.add(pid_namespace(pid))
    return spaces - {host}


def available_kib():
    return int(machine.line_of("/proc/meminfo", "MemAvailable").split()[0])


MANY = 32


def parked(session, place, name, modules, *, count):
    """What the machine has less of memory, the kernel's own included, for one more container that waits for a job: of a pool
    of 33 beside one of 1. And the same of idle python3 processes with the same imports."""
    what = f"memory of a parked sandbox, {' and '.join(modules) or 'hello'}"
    if not has_pool(place):
        return session.absence(what, InProcess.name, NO_POOL)
    if missing := [name for name in modules if name not in place.modules]:
        return session.absence(what, InProcess.name, f"no {' and '.join(missing)}: {place.made.reason}")
    session.tell(what)

    def of_pool(size):
        before = available_kib()
        with InProcess(place, pool=size) as ours:
            warm_up(session, ours, name, what)
            if len(parked_spaces(ours)) < size:
                raise CannotRun(f"the pool of {size} was not full {SETTLE_S:g} s after its first runs")
            return before - available_kib()

    def of_idle_python():
        with contextlib.ExitStack() as stack:
            idle_python(stack, place, modules)
            before = available_kib()
            for _ in range(MANY):
                idle_python(stack, place, modules)
            return max(0, before - available_kib()) / MANY

    load = machine.idle_load(BLOCK_S)
    try:
        rounds = in_rounds(count, {InProcess.name: lambda: max(0, of_pool(MANY + 1) - of_pool(1)) / MANY, "idle python3": of_idle_python})
    except CannotRun as error:
        return session.absence(what, InProcess.name, str(error))
    if not add(session, compare(what, "KiB", rounds, InProcess.name, "idle python3", load=load)):
        session.absence(what, InProcess.name, "others took and gave back more memory meanwhile")
    return None


def idle_python(stack, place, modules):
    """A python3 that has imported as much and waits until the stack ends."""
    imports = f"import {', '.join(modules)}\n" if modules else ""
    env = {**CLEAN, **({"PYTHONPATH": str(place.packages)} if modules else {})}
    process = stack.enter_context(subprocess.Popen([PYTHON, "-c", f"{imports}print(flush=True)\nimport sys\nsys.stdin.read()"], env=env,
                                                   stdin=subprocess.PIPE, stdout=subprocess.PIPE))
    process.stdout.readline()  # it is ready; at the end its input is closed, on which it ends
