"""One run of the benchmark: who takes part, what was measured, what could not be, and what failed."""
import collections
import dataclasses
import json
import statistics
import time

import machine
from block_driver import DriverError
from contender import CannotRun
from rounds import Record, compare, in_rounds, quantile

IDLE = "(idle)"  # a pause in each round, in which the load by others is looked at
BLOCK_S = 0.2    # a block takes about so long, so that what is fast has as much time as what is slow
MOST_RUNS = 50   # in a block
SETTLE_S = 0.3   # for what a block leaves to be done after it, at most


@dataclasses.dataclass
class Absent:
    """What could not be measured, and why."""
    what: str
    who: str
    reason: str


@dataclasses.dataclass
class Side:
    """All samples of one contender in one metric."""
    metric: str
    who: str
    unit: str
    samples: int
    voids: int
    p50: float
    p90: float
    p99: float
    most: float


class Session:
    def __init__(self, contenders, tell):
        self.contenders = contenders
        self.tell = tell
        self.records: list[Record] = []
        self.sides: list[Side] = []
        self.absent: list[Absent] = []
        self.voids = {}     # (who, what): how many runs failed the check
        self.complaints = {}  # of the first of them
        self.loads = []     # of others, in each round
        self.isolation = {}  # of ours, as the newest result says it
        self.isolations = collections.Counter()  # (who, isolation as JSON): how many results said so
        self.tried = {}     # (contender, workload): seconds of a run, or why there can be none

    def absence(self, what, who, reason):
        if not any(entry.what == what and entry.who == who for entry in self.absent):
            self.absent.append(Absent(what, who, reason))
            self.tell(f"  not measured: {what}, {who}: {reason}")

    def void(self, who, what, complaint):
        self.voids[who, what] = self.voids.get((who, what), 0) + 1
        self.complaints.setdefault((who, what), complaint)

    def block(self, contender, workload, what, **how):
        """The samples that pass the check, with what was seen; those that do not are void, and counted."""
        workload = contender.variant(workload)
        try:
            samples = contender.run(workload, **how)
        except (DriverError, OSError) as error:
            self.void(contender.name, what, str(error))
            return []
        good = []
        for sample in samples:
            seen = contender.seen(sample)
            if complaint := workload.check(seen):
                self.void(contender.name, what, complaint)
            else:
                good.append((sample, seen))
                if seen.result:
                    self.isolation[contender.name] = seen.result["isolation"]
                    self.isolations[contender.name, json.dumps(seen.result["isolation"])] += 1
        for file in contender.place.directory(workload).glob("out*"):
            file.unlink()
        machine.settle(SETTLE_S)
        return good

    def able(self, workload, what, among=None):
        """Who can run it: tried once, which is not counted. {contender: seconds that it took}"""
        able = {}
        for contender in self.contenders if among is None else among:
            if contender.only and workload.name not in contender.only:
                continue
            key = contender.name, workload.name
            if key not in self.tried:
                self.tried[key] = self._try(contender, workload, what)
            if isinstance(self.tried[key], str):
                self.absence(what, contender.name, self.tried[key])
            else:
                able[contender] = self.tried[key]
        return able

    def _try(self, contender, workload, what):
        try:
            if reason := contender.why_not(workload):
                return reason
            tried = self.block(contender, workload, what, count=2)
            if tried and contender.settle_s:
                time.sleep(contender.settle_s)
                tried += self.block(contender, workload, what, count=2)
        except CannotRun as error:
            return str(error)
        if tried:
            return min(sample.to_end for sample, _ in tried)
        self.voids.pop((contender.name, what))  # it takes no part, so none of its runs counts
        return f"failed its first runs: {self.complaints.pop((contender.name, what)).strip()}"

    def measure(self, what, sides, count, budget_s):
        """Rounds of {contender: value} within a time."""
        until = time.monotonic() + budget_s
        calls = {contender.name: call for contender, call in sides.items()}
        calls[IDLE] = lambda: machine.idle_load(BLOCK_S)
        rounds = in_rounds(count, calls, lambda: time.monotonic() > until)
        self.loads += [row[IDLE] for row in rounds]
        return rounds

    def keep(self, metric, unit, rounds, values, less_is_better=True):
        """Records of every one of ours beside every peer, and each side's quantiles. `values`: all samples by name."""
        load = statistics.median(row[IDLE] for row in rounds)
        ours = [contender.name for contender in self.contenders if contender.ours]
        peers = [contender.name for contender in self.contenders if not contender.ours]
        for our in ours:
            for peer in peers:
                if record := compare(metric, unit, rounds, our, peer, less_is_better, load):
                    self.records.append(record)
        for who, samples in values.items():
            self.keep_side(metric, who, unit, samples)

    def keep_side(self, metric, who, unit, samples):
        voids = sum(count for (name, what), count in self.voids.items() if name == who and metric.startswith(what))
        if samples:
            self.sides.append(Side(metric, who, unit, len(samples), voids, quantile(samples, 0.5), quantile(samples, 0.9),
                                   quantile(samples, 0.99), max(samples)))

    def record(self, name, ours, peer):
        return next((record for record in self.records if (record.name, record.ours, record.peer) == (name, ours, peer)), None)
