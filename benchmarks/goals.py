"""The numbers to reach, and whether they are."""
import dataclasses
import json

from ours import is_warm

FEWEST_ROUNDS = 3  # for a verdict
BUSY_CLIENTS = 8  # enough to keep all processors of a small machine busy

IN_PROCESS = "pysandbox, in process"
SERVICE = "pysandbox-server, SQLite"
ALONE = "one shot"  # measured before anything that stays was started
BELOW = "see \"Goal by goal\" below"  # what is written by hand on the page
NO_WARM = "an interpreter is started for each job: no result says that its start was warm"


@dataclasses.dataclass
class Goal:
    what: str
    against: str
    target: float
    metric: str
    ours: str
    peer: str
    at_most: bool = False   # the number must be at most the target
    warm: bool = False      # set for a build that keeps interpreters ready
    absolute: bool = False  # the target is of our own value, not of a ratio


def reaped(workload):
    return f"{workload}, back to back, to reaped"


GOALS = [
    Goal("hello, in process, to output", "`python3 -c pass`", 40, "W1, back to back, to output", IN_PROCESS, "python3 -c pass", warm=True),
    Goal("hello, HTTP, reaped and harvested", "python3", 15, reaped("W1"), SERVICE, "python3", warm=True),
    Goal("hello, HTTP, reaped and harvested", "bubblewrap", 18, reaped("W1"), SERVICE, "bubblewrap", warm=True),
    Goal("hello, HTTP, reaped and harvested", "docker run", 300, reaped("W1"), SERVICE, "docker run", warm=True),
    Goal("numpy job, HTTP", "python3 that imports it", 80, reaped("W3"), SERVICE, "python3", warm=True),
    Goal("pandas job, HTTP", "python3 that imports it", 120, reaped("W4"), SERVICE, "python3", warm=True),
    Goal("hello, in process, pool empty", "python3", 6, "W1, pool empty, to output", IN_PROCESS, "python3", warm=True),
    Goal("hello jobs a second, server and durable queue", "python3 processes on the same processors", 4.5,
         f"W1, {BUSY_CLIENTS} clients, jobs a second", SERVICE, "python3", warm=True),
    Goal("memory of one parked sandbox, hello", "one idle python3", 9, "memory of a parked sandbox, hello", IN_PROCESS, "idle python3", warm=True),
    Goal("memory of one parked sandbox, pandas", "one idle python3 with the same imports", 12, "memory of a parked sandbox, numpy and pandas",
         IN_PROCESS, "idle python3", warm=True),
    Goal("command line, one shot, no daemon", "bubblewrap and python3", 1, f"W1, {ALONE}, to reaped", "pysandbox run", "bubblewrap"),
    Goal("hello in a Docker container, one shot", "docker run of the same image", 1, "W1 on docker, sparse, to reaped",
         "pysandbox run --runner docker", "docker run, the runner's image"),
    Goal("hello in a Docker container, pool of 4, HTTP", "docker run of the same image", 2, "W1 on docker, sparse, to reaped",
         "pysandbox-server --runner docker --docker-pool 4", "docker run, the runner's image"),
    Goal("durable submissions a second, 64 clients, SQLite", "one by one", 5, "durable submissions, SQLite", "submits/s of 64 clients",
         "submits/s one by one"),
    Goal("durable submissions a second, 64 clients, PostgreSQL", "one by one", 5, "durable submissions, PostgreSQL", "submits/s of 64 clients",
         "submits/s one by one"),
    Goal("claim time, 100,000 queued, SQLite", "1 queued", 1.2, "claim time, 100000 queued, SQLite", "claim us with 1 queued",
         "claim us with 100000 queued", at_most=True),
    Goal("claim time, 100,000 queued, PostgreSQL", "1 queued", 1.2, "claim time, 100000 queued, PostgreSQL", "claim us with 1 queued",
         "claim us with 100000 queued", at_most=True),
    Goal("download of 1 GiB", "nginx", 0.9, "download of 1024 MiB", "download from pysandbox-server", "download from nginx"),
    Goal("deadline to everything dead, in process", "", 2.0, "W10, deadline to everything dead", IN_PROCESS, "", at_most=True, absolute=True),
]


@dataclasses.dataclass
class Verdict:
    goal: Goal
    measured: str
    reached: str  # "yes", "no", "not sure" where the interval contains the target, "not measured"
    why: str


def judge(session, goal):
    cold = NO_WARM if goal.warm and goal.ours not in warm_sides(session) else ""
    if goal.absolute:
        side = next((side for side in session.sides if (side.metric, side.who) == (goal.metric, goal.ours)), None)
        if side is None:
            return Verdict(goal, "", "not measured", why_absent(session, goal))
        reached = side.p50 <= goal.target
        return Verdict(goal, f"{side.p50:.2f} {side.unit} (p99 {side.p99:.2f})", "yes" if reached else "no", "" if reached else BELOW)
    record = session.record(goal.metric, goal.ours, goal.peer)
    if record is None:
        return Verdict(goal, "", "not measured", why_absent(session, goal) or cold)
    measured = f"{record.ratio:.2f} ({record.low:.2f} to {record.high:.2f})"
    if record.rounds < FEWEST_ROUNDS or record.low < goal.target <= record.high:
        why = "too few rounds" if record.rounds < FEWEST_ROUNDS else "the interval contains the goal"
        return Verdict(goal, measured, "not sure", f"{why}; {cold}" if cold else why)
    reached = record.high <= goal.target if goal.at_most else record.low >= goal.target
    return Verdict(goal, measured, "yes" if reached else "no", "" if reached else cold or BELOW)


def why_absent(session, goal):
    reasons = [entry.reason for entry in session.absent
               if (goal.metric.startswith(entry.what) or entry.what == "everything") and entry.who in (goal.ours, goal.peer)]
    return reasons[0] if reasons else "it is no part of this run; the full one has it"


def warm_sides(session):
    """Those of ours of whose results one said that its interpreter was parked before its job came."""
    return {who for who, isolation in session.isolations if is_warm(json.loads(isolation))}


def judge_all(session):
    return [judge(session, goal) for goal in GOALS]
