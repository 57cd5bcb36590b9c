"""What is measured with contenders: latency, time from the deadline to everything dead, throughput and processor time, and curves
over the size of files."""
import collections
import datetime
import json
import os
import statistics
import time

import machine
from session import BLOCK_S, IDLE, MOST_RUNS
from workloads import BY_NAME, copying, last_heartbeat


def rows_of(rounds, stage):
    """Rounds of {who: {stage: value}} as rounds of {who: value}."""
    return [{who: value if who == IDLE else value.get(stage) for who, value in row.items()} for row in rounds]


def latency(session, name, *, count, budget_s, pause_s=0.0, runs=None, among=None, mode=""):
    """From the start of a job to its first output, and to its end with everything reaped and handed back."""
    workload = BY_NAME[name] if isinstance(name, str) else name
    mode = mode or ("sparse" if pause_s else "back to back")
    what = f"{workload.name}, {mode}"
    session.tell(f"{what}: {workload.title}")
    stages = {"output": lambda sample: sample.to_output, "reaped": lambda sample: sample.to_end}
    values = {stage: collections.defaultdict(list) for stage in stages}

    def side(contender, number):
        def look():
            good = session.block(contender, workload, what, count=number, pause_s=pause_s)
            medians = {}
            for stage, of in stages.items():
                if stage == "output" and not contender.silent and not any(sample.output for sample, _ in good):
                    continue  # its answer comes as one piece, at the end
                times = [of(sample) * 1e3 for sample, _ in good]
                values[stage][contender.name] += times
                if times:
                    medians[stage] = statistics.median(times)
            return medians

        return look

    able = session.able(workload, what, among)
    sides = {contender: side(contender, runs or max(1, min(MOST_RUNS, int(BLOCK_S / seconds)))) for contender, seconds in able.items()}
    rounds = session.measure(what, sides, count, budget_s)
    for stage in stages:
        session.keep(f"{what}, to {stage}", "ms", rows_of(rounds, stage), values[stage])
    return rounds


def deadline(session, *, count, budget_s, among=None):
    """From the last sign of life of a program at its time limit until everything of it is dead and that is known."""
    workload = BY_NAME["W10"]
    what = "W10, deadline to everything dead"
    session.tell(what)
    values = collections.defaultdict(list)

    def side(contender):
        def look():
            times = []
            for sample, seen in session.block(contender, workload, what, count=1):
                beat = last_heartbeat(seen)
                if sample.start < beat < sample.end:
                    times.append((sample.end - beat) / 1e6)
                elif sample.killed:  # a kernel of its own has a clock of its own
                    times.append((sample.end - sample.killed) / 1e6)
            values[contender.name] += times
            return statistics.median(times) if times else None

        return look

    sides = {contender: side(contender) for contender in session.able(workload, what, among)}
    session.keep(what, "ms", session.measure(what, sides, count, budget_s), values)


def throughput(session, clients, *, seconds, count, budget_s, among=None):
    """Hello jobs a second of so many clients, and the processor time of the whole machine for one of them."""
    workload = BY_NAME["W1"]
    what = f"W1, {clients} clients"
    session.tell(what)
    rates, costs, latencies = (collections.defaultdict(list) for _ in range(3))

    def side(contender):
        def look():
            foreign = machine.idle_load(BLOCK_S)
            clock = machine.CpuClock()
            good = session.block(contender, workload, what, seconds=seconds, clients=clients)
            spent = clock.spent()
            if not good:
                return {}
            wall = (max(sample.end for sample, _ in good) - min(sample.start for sample, _ in good)) / 1e9
            rates[contender.name].append(len(good) / wall)
            latencies[contender.name] += [sample.to_end * 1e3 for sample, _ in good]
            if foreign > machine.BUSY_FROM:  # whose time it was cannot be told
                return {"rate": len(good) / wall}
            costs[contender.name].append((spent - foreign * os.cpu_count() * wall) / len(good) * 1e3)
            return {"rate": len(good) / wall, "cost": costs[contender.name][-1]}

        return look

    sides = {contender: side(contender) for contender in session.able(workload, what, among)}
    rounds = session.measure(what, sides, count, budget_s)
    session.keep(f"{what}, jobs a second", "1/s", rows_of(rounds, "rate"), rates, less_is_better=False)
    session.keep(f"{what}, machine time of a job", "ms", rows_of(rounds, "cost"), costs)
    if not costs:
        session.absence(f"{what}, machine time of a job", "everybody", "the machine was busy with other things in every round")
    session.keep(f"{what}, latency", "ms", [{IDLE: row[IDLE]} for row in rounds], latencies)


def start_delay(session, contender, *, count):
    """From a job's acceptance by an idle server to its start, in the server's own times, which have milliseconds."""
    what = f"idle server, submission to start, {contender.name}"
    session.tell(what)
    good = session.block(contender, BY_NAME["W1"], what, count=count, pause_s=0.1)
    delays = [(moment(seen.result["started_at"]) - moment(seen.result["created_at"])) * 1e3 for _, seen in good]
    session.keep_side(what, contender.name, "ms", delays)


def moment(text):
    return datetime.datetime.fromisoformat(text.replace("Z", "+00:00")).timestamp()


def drain(session, service, depths, *, budget_s):
    """So many hello jobs are submitted at once to a server; until the last has ended, by depth."""
    until = time.monotonic() + budget_s
    body = json.dumps({"code": BY_NAME["W1"].code})
    block = [("side", "http"), ("port", service.server.port), ("body", body)]
    for depth in depths:
        if time.monotonic() > until:
            session.absence(f"queue of {depth} jobs, jobs a second", service.name, "the queues before it took all the time there was")
            continue
        what = f"queue of {depth} jobs, jobs a second"
        session.tell(what)
        began = time.monotonic()
        answers = service.driver().run([("count", depth), ("clients", min(depth, 64)), *block])
        waiting = {json.loads(answer.text)["job_id"] for answer in answers if answer.status in (200, 202)}
        if len(waiting) != depth:
            session.absence(what, service.name, f"{depth - len(waiting)} submissions were refused")
            continue
        for job in waiting:
            if service.server.results(job)["stdout"] != "hello\n":
                session.void(service.name, what, "a job of the queue did not say hello")
        session.keep_side(what, service.name, "1/s", [depth / (time.monotonic() - began)])


def file_of(session, size, *, count, budget_s, among=None):
    """W8 with a file of that size."""
    workload = copying(size)
    place = session.contenders[0].place.directory(workload)
    place.chmod(0o777)  # docker's program is somebody else
    with open(place / workload.input, "wb") as file:
        for _ in range(max(1, size >> 20)):
            file.write(os.urandom(min(size, 1 << 20)))
    latency(session, workload, count=count, budget_s=budget_s, runs=max(1, min(10, (8 << 20) // size)), among=among)
    (place / workload.input).unlink()
