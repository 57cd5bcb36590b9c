"""The statistics of all benchmarks: sides measured in turns, ratios round by round, and how sure they are.

Nothing is thrown away. A ratio is that of one round, in which both sides were measured seconds apart; what is told is the
median over the rounds, with the interval within which 95 % of the medians of resampled rounds lie (bootstrap).
"""
import dataclasses
import random
import statistics

RESAMPLES = 1000


def interval(values, statistic=statistics.median):
    resampled = sorted(statistic(random.choices(values, k=len(values))) for _ in range(RESAMPLES))
    return resampled[RESAMPLES // 40], resampled[-1 - RESAMPLES // 40]


def quantile(values, part):
    """The smallest value that at least `part` of all are not above."""
    ordered = sorted(values)
    return ordered[max(0, -int(-part * len(ordered) // 1) - 1)]


def in_rounds(count, sides, until=lambda: False):
    """Each side once a round, in a random order: a list of {side: what it gave}. `until` may end it after a round."""
    rounds = []
    while len(rounds) < count:
        order = random.sample(list(sides), len(sides))
        rounds.append({side: sides[side]() for side in order})
        if until():
            break
    return rounds


@dataclasses.dataclass
class Record:
    """How `ours` stands to `peer` in one metric. Above 1 we are better: times and costs are divided by ours, rates are ours
    divided by theirs. `load` is the part of the machine that was busy with something else, the median of the rounds."""
    name: str
    ours: str
    peer: str
    ours_value: float
    peer_value: float
    ratio: float
    low: float
    high: float
    unit: str
    rounds: int
    load: float = 0.0


def compare(name, unit, rounds, ours, peer, less_is_better=True, load=0.0):
    """The record of two sides over rounds of {side: value}; nothing where no round has both."""
    pairs = [(row[ours], row[peer]) for row in rounds if row.get(ours) and row.get(peer)]
    if not pairs:
        return None
    ratios = [b / a if less_is_better else a / b for a, b in pairs]
    low, high = interval(ratios)
    return Record(name, ours, peer, statistics.median(a for a, _ in pairs), statistics.median(b for _, b in pairs),
                  statistics.median(ratios), low, high, unit, len(pairs), load)
