#!/usr/bin/env python3
"""Measures pysandbox beside its peers, as scripts/bench.sh has it; start it by that.

    bench.py --plan smoke|quick|full [--bin build/bench/bin] [--results DIRECTORY] [--page docs/performance.md]

Writes results.json, performance.md and its plots into the directory of results and, with --page, the generated part of that page.
"""
import argparse
import contextlib
import dataclasses
import json
import pathlib
import shutil
import signal
import subprocess
import sys
import tempfile
import time

sys.dont_write_bytecode = True
import docker_engine  # noqa: E402
import docker_sides  # noqa: E402
import goals  # noqa: E402
import machine  # noqa: E402
import measurements  # noqa: E402
import oci  # noqa: E402
import ours  # noqa: E402
import packages  # noqa: E402
import page  # noqa: E402
import parts  # noqa: E402
import plot  # noqa: E402
import processes  # noqa: E402
import workloads  # noqa: E402
from block_driver import CLEAN, BlockDriver  # noqa: E402
from contender import PYTHON, CannotRun, Place  # noqa: E402
from session import Session  # noqa: E402

KIB, MIB, GIB = 1 << 10, 1 << 20, 1 << 30
IN_PROCESS, COMMAND_LINE, SQLITE, POSTGRES = (kind.name for kind in (ours.InProcess, ours.CommandLine, ours.ServiceOnSqlite, ours.ServiceOnPostgres))
BUSY = goals.BUSY_CLIENTS
MEMORY_ROUNDS = 5


def tell(text):
    print(f"[{time.monotonic() - BEGAN:6.1f} s] {text}", flush=True)


BEGAN = time.monotonic()


# WHAT A PLAN MEASURES

# Each a list of steps: what it is, and how to do it. The first come first if the time is short.

def smoke(session, place, named):
    """That everything still works. It claims nothing."""
    few = some(named, IN_PROCESS, COMMAND_LINE, "python3")
    return [
        ("W1", lambda: measurements.latency(session, "W1", count=1, budget_s=5, runs=1)),
        ("W10", lambda: measurements.deadline(session, count=1, budget_s=2, among=few)),
        ("throughput", lambda: measurements.throughput(session, BUSY, seconds=0.2, count=1, budget_s=2, among=few)),
        ("files", lambda: measurements.file_of(session, KIB, count=1, budget_s=2, among=few)),
        ("submission to start", lambda: measurements.start_delay(session, named[SQLITE], count=3)),
        ("queue", lambda: measurements.drain(session, named[SQLITE], (3,), budget_s=5)),
        ("pool", lambda: parts.pool_curve(session, place, (2,), count=1, budget_s=1)),
        ("memory of parked sandboxes", lambda: parts.parked(session, place, "W1", (), count=1)),
        ("stages", lambda: parts.stages(session, place, repetitions=1, min_time_s=0.001)),
    ]


def one_shot(session, seconds):
    """What is only there while it runs, before there is anything that stays: no server, no pool, no engine."""
    return [("W1, one shot", lambda: measurements.latency(session, "W1", count=100, budget_s=seconds, mode=goals.ALONE))]


def quick(session, place, named):
    return [
        ("W1", lambda: measurements.latency(session, "W1", count=30, budget_s=30)),
        ("W4", lambda: measurements.latency(session, "W4", count=5, budget_s=8, among=some(named, IN_PROCESS, SQLITE, "python3", "bubblewrap"))),
        ("W10", lambda: measurements.deadline(session, count=5, budget_s=8, among=some(named, IN_PROCESS, SQLITE, "python3", "bubblewrap", "runc"))),
        ("throughput", lambda: measurements.throughput(session, BUSY, seconds=0.4, count=4, budget_s=18)),
        ("memory of parked sandboxes", lambda: parts.parked(session, place, "W1", (), count=MEMORY_ROUNDS)),
        ("W9", lambda: measurements.latency(session, "W9", count=10, budget_s=8)),
    ]


def full(session, place, named):
    def latencies(names, **how):
        return [(name, lambda name=name: measurements.latency(session, name, **how)) for name in names]

    # Each of its rounds has half a second of nothing for every run of every side, so it is for a few.
    sparse = some(named, IN_PROCESS, COMMAND_LINE, SQLITE, "python3", "bubblewrap", "runc", "docker exec, warm")
    crowd = some(named, IN_PROCESS, SQLITE, POSTGRES, "python3", "multiprocessing.forkserver", "bubblewrap", "docker exec, warm")
    with_files = some(named, IN_PROCESS, SQLITE, "python3", "bubblewrap", "docker run")
    on_docker = some(named, *(side.name for side in docker_sides.SIDES))
    return [
        *latencies(["W1"], count=60, budget_s=170),
        *latencies(["W3"], count=30, budget_s=70),
        *latencies(["W4"], count=30, budget_s=100),
        ("W10", lambda: measurements.deadline(session, count=20, budget_s=50)),
        ("throughput", lambda: measurements.throughput(session, BUSY, seconds=0.8, count=10, budget_s=75)),
        ("the docker runner", lambda: measurements.latency(session, docker_sides.HELLO, count=30, budget_s=70, pause_s=0.5, runs=1, among=on_docker)),
        ("store", lambda: parts.store(session, place)),
        ("transfers", lambda: parts.transfers(session, place, megabytes=1024, count=5, budget_s=60)),
        ("stages", lambda: parts.stages(session, place, repetitions=3, min_time_s=0.05)),
        ("memory of parked sandboxes", lambda: parts.parked(session, place, "W1", (), count=MEMORY_ROUNDS)),
        ("memory of parked sandboxes with packages", lambda: parts.parked(session, place, "W4", packages.WANTED, count=3)),
        ("empty pool", lambda: parts.pool_empty(session, place, named["python3"], count=20, budget_s=20)),
        ("pool", lambda: parts.pool_curve(session, place, (0, 1, 2, 4, 8, 32, 128), count=10, budget_s=20)),
        ("W1, sparse", lambda: measurements.latency(session, "W1", count=50, budget_s=80, pause_s=0.5, runs=1, among=sparse)),
        *latencies(["W2", "W9"], count=30, budget_s=35),
        *latencies(["W5"], count=30, budget_s=30),
        *latencies(["W6", "W7", "W11"], count=10, budget_s=25, runs=1),
        *((f"throughput of {clients}", lambda clients=clients: measurements.throughput(session, clients, seconds=0.6, count=5, budget_s=15, among=crowd))
          for clients in (1, 2, 4, 16, 32, 64)),
        *((f"submission to start, {name}", lambda name=name: measurements.start_delay(session, named[name], count=50))
          for name in (SQLITE, POSTGRES) if name in named),
        ("queue", lambda: measurements.drain(session, named[SQLITE], (1, 10, 100, 1000, 10_000), budget_s=60)),
        *((f"a file of {size} bytes", lambda size=size: measurements.file_of(session, size, count=10, budget_s=18, among=with_files))
          for size in (KIB, MIB, 16 * MIB, 128 * MIB, GIB)),
    ]


def some(named, *names):
    return [named[name] for name in names if name in named]


# And how many seconds it may take in all, and for one-shot programs alone.
PLANS = {"smoke": (smoke, 120, 1), "quick": (quick, 140, 10), "full": (full, 26 * 60, 50)}


def follow(session, steps, until):
    """One step that fails does not take the others with it; how many did."""
    failed = 0
    for number, (what, step) in enumerate(steps, 1):
        left = until - time.monotonic()
        if left < 0:
            session.absence(what, "everybody", "the time of this run was over")
            continue
        tell(f"step {number} of {len(steps)}; {left:.0f} s left")
        try:
            step()
        except Exception as error:  # noqa: BLE001: of whatever kind, it is told, and the run counts as failed
            session.absence(what, "everybody", f"it failed: {type(error).__name__}: {error}")
            failed += 1
    return failed


# WHO TAKES PART

def enter(stack, session, contender):
    try:
        session.contenders.append(stack.enter_context(contender))
    except (CannotRun, OSError, AssertionError) as error:
        session.absence("everything", contender.name, str(error))


def gather_programs(stack, session, place, driver):
    """Those of which nothing is there while they do not run."""
    place.directory(workloads.BY_NAME["W1"])
    with open(place.directory(workloads.BY_NAME["W5"]) / "data.csv", "w") as file:
        file.write(workloads.csv_of_10_mb() if place.modules else "key\n")
    for contender in (ours.CommandLine(place, driver), processes.BarePython(place, driver), processes.BarePass(place, driver),
                      processes.Bubblewrap(place, driver), processes.Firejail(place, driver)):
        enter(stack, session, contender)


def gather(stack, session, place, driver):
    """Everybody else who can be here, started."""
    warm = ours.InProcess(place)
    enter(stack, session, warm)
    if warm in session.contenders and ours.has_pool(place):
        enter(stack, session, ours.Fresh(place, warm))
    for contender in (ours.ServiceOnSqlite(place, driver), ours.ServiceOnPostgres(place, driver), processes.ForkServer(place)):
        enter(stack, session, contender)
    if not any(shutil.which(program, path=CLEAN["PATH"]) for program in ("runc", "crun", "runsc", "dockerd")):
        for name in ("runc", "crun", "runsc (gVisor)", "docker run", "docker exec, warm"):
            session.absence("everything", name, "it is not installed; see bench_packages in scripts/packages.sh")
        return
    oci.make_root(place.scratch / "root", place.packages)
    for contender in (oci.Runc(place, driver), oci.Crun(place, driver), oci.Runsc(place, driver)):
        enter(stack, session, contender)
    try:
        engine = stack.enter_context(docker_engine.Engine(place.scratch / "root"))
    except (CannotRun, OSError) as error:
        for name in (docker_engine.DockerRun.name, docker_engine.DockerExec.name):
            session.absence("everything", name, str(error))
        return
    for contender in (docker_engine.DockerRun(place, driver, engine), docker_engine.DockerExec(place, driver, engine)):
        enter(stack, session, contender)
    try:
        docker_sides.make_image(engine)
    except CannotRun as error:
        for side in docker_sides.SIDES:
            session.absence("everything", side.name, str(error))
        return
    for side in docker_sides.SIDES:
        enter(stack, session, side(place, driver, engine))


def importable(site):
    """Which of the modules that workloads need are in a site-packages."""
    return tuple(name for name in packages.WANTED if site and subprocess.run(
        [PYTHON, "-c", f"import {name}"], env={**CLEAN, "PYTHONPATH": str(site)}, capture_output=True).returncode == 0)


def facts(session):
    versions = {"bubblewrap": ("bwrap", "--version"), "firejail": ("firejail", "--version"), "runc": ("runc", "--version"),
                "crun": ("crun", "--version"), "runsc (gVisor)": ("runsc", "--version"), "docker run": ("/usr/bin/docker", "--version")}
    names = {contender.name for contender in session.contenders}
    return {**machine.describe(), "date": time.strftime("%Y-%m-%d %H:%M UTC", time.gmtime()),
            "peers": [machine.version(*command) for name, command in versions.items() if name in names],
            "packages": list(session.contenders[0].place.made.versions) if session.contenders else []}


def results(session, about, plan, left):
    return {
        "plan": plan, "machine": about, "warm": sorted(goals.warm_sides(session)), "seconds": round(time.monotonic() - BEGAN),
        "load": {"rounds": len(session.loads), "disturbed": sum(load > machine.BUSY_FROM for load in session.loads)},
        "records": [dataclasses.asdict(record) for record in session.records],
        "sides": [dataclasses.asdict(side) for side in session.sides],
        "not_measured": [dataclasses.asdict(absent) for absent in session.absent],
        "void": [{"who": who, "what": what, "runs": count, "first": session.complaints[who, what]}
                 for (who, what), count in session.voids.items()],
        "isolation": [{"who": who, "runs": count, "isolation": json.loads(text)} for (who, text), count in session.isolations.items()],
        "left_behind": left,
        "goals": [{"what": verdict.goal.what, "against": verdict.goal.against, "goal": verdict.goal.target, "measured": verdict.measured,
                   "reached": verdict.reached, "why": verdict.why} for verdict in goals.judge_all(session)],
    }


def end_everything(number, _frame):
    """Whatever was started ends as at the end of a whole run; once is enough to ask for it."""
    for other in (signal.SIGINT, signal.SIGTERM):
        signal.signal(other, signal.SIG_IGN)
    tell("interrupted: what was started is ended, which takes a few seconds; nothing is written")
    sys.exit(128 + number)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--plan", choices=PLANS, required=True)
    parser.add_argument("--bin", type=pathlib.Path, default=pathlib.Path("build/bench/bin"))
    parser.add_argument("--results", type=pathlib.Path, default=pathlib.Path("build/bench"))
    parser.add_argument("--page", type=pathlib.Path, help="write the generated part of this page")
    parser.add_argument("--command", default="", help="how this was asked for, for the page")
    options = parser.parse_args()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, end_everything)
    before = machine.left_behind()
    command = options.command or f"benchmarks/bench.py --plan {options.plan}"
    with tempfile.TemporaryDirectory(prefix="pysandbox-bench-", dir="/var/tmp") as scratch, contextlib.ExitStack() as stack:
        pathlib.Path(scratch).chmod(0o755)
        session = Session([], tell)
        place = Place(options.bin.resolve(), pathlib.Path(scratch))
        if options.plan != "smoke":
            tell(f"packages: {', '.join(packages.WANTED)}")
            place.made = packages.build(place.bin / "pysandbox", pathlib.Path("build/bench/environments").resolve())
            place.modules = importable(place.packages)
            tell(f"  {', '.join(place.made.versions) or place.made.reason}")
        plan, seconds, alone_s = PLANS[options.plan]
        driver = stack.enter_context(BlockDriver(str(place.bin / "bench_driver")))
        gather_programs(stack, session, place, driver)
        failed = follow(session, one_shot(session, alone_s), BEGAN + seconds)
        gather(stack, session, place, driver)
        session.contenders.sort(key=lambda contender: not contender.ours)
        named = {contender.name: contender for contender in session.contenders}
        tell(f"{', '.join(named)}; load average {machine.describe()['load_average']:.1f}")
        failed += follow(session, plan(session, place, named), BEGAN + seconds)
        about = facts(session)
    left = sorted(machine.left_behind() - before)
    if left:
        tell(f"more of it than before, left by this or in use by others: {', '.join(left)}")
    options.results.mkdir(parents=True, exist_ok=True)
    (options.results / "results.json").write_text(json.dumps(results(session, about, options.plan, left), indent=1))
    plots = plot.draw_all(session, options.results)
    text = page.generate(session, about, command, plots)
    (options.results / "performance.md").write_text(text)
    if options.page:
        page.replace_generated(options.page, text)
        for name in plots:
            shutil.copy(options.results / name, options.page.parent)
    tell(f"written: {options.results}/results.json and performance.md" + (f", {options.page}" if options.page else ""))
    for verdict in goals.judge_all(session):
        tell(f"  {verdict.goal.what} / {verdict.goal.against}: {verdict.measured or '-'} of {verdict.goal.target:g}: {verdict.reached}")
    if failed:
        sys.exit(f"{failed} of the steps failed; see what was not measured")


if __name__ == "__main__":
    main()
