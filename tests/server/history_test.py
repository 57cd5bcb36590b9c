"""Whatever moment the server is killed at, it loses nothing that it acknowledged, and leaves nothing behind.

Each history (history.py) kills one server at one failpoint; the seed chooses the jobs, their timing and which pass it is.
PYSANDBOX_HISTORY="finish_uncommitted:3" runs that one alone.
"""
import concurrent.futures
import contextlib
import os
import pathlib
import random
import shutil
import tempfile
import time
import traceback
import unittest

import throwaway_postgres
from history import History
from host import CgroupParent, needs
from server_process import PATIENCE, Server

# Where it dies, and the latest pass that is tried: about as many as a history has. What happens there is in src/, at
# failpoint() of that name.
POINTS = {
    "add_uncommitted": 9, "after_add": 9, "cancel_uncommitted": 1, "claim_uncommitted": 9, "before_commit": 30, "after_commit": 30,
    "after_claim": 9, "after_prepare": 9, "before_run": 9, "after_run": 8, "append_uncommitted": 6, "after_append": 6,
    "file_written": 4, "file_complete": 4, "file_published": 4, "after_artifact": 3,
    "before_finish": 8, "finish_uncommitted": 8, "after_finish": 8, "before_callback": 1, "after_callback": 1,
    "before_release": 1, "release_uncommitted": 1, "after_release": 1,
    "before_file_removal": 3, "after_job_removal": 6,
}
POSTGRES_POINTS = ("add_uncommitted", "claim_uncommitted", "after_run", "finish_uncommitted", "after_commit")
AT_START = ("after_prepare", "before_run", "after_run")  # a server passes these once before it serves: it tries a program
AT_ONCE = 8  # they wait for leases most of the time


def tell(point, seed, flags, cgroups):
    """Runs one history. Returns whether its failpoint was reached, and what was wrong."""
    place = pathlib.Path(tempfile.mkdtemp(prefix="pysandbox-history-"))
    passes = random.Random(f"passes {point}:{seed}").randint(1, POINTS[point]) + (point in AT_START)
    try:
        return History(point, seed, flags, cgroups).run(place / "data", passes), None
    except Exception:
        return False, f"{point}:{seed} at pass {passes}:\n{traceback.format_exc()}"
    finally:
        shutil.rmtree(place, ignore_errors=True)


def bury(cgroups):
    """A dead server's empty cgroup is removed by the next one that starts, if no other server of this host holds a slot of
    the same number at that moment. So this comes when nothing else runs."""
    deadline = time.monotonic() + PATIENCE
    while cgroups.jobs():
        if time.monotonic() > deadline:
            raise AssertionError(f"cgroups are left: {cgroups.jobs()}")
        with Server(*cgroups.flags):
            pass


class Histories(unittest.TestCase):
    def check_all(self, histories):
        """`histories`: of (point, seed, flags)."""
        chosen = os.environ.get("PYSANDBOX_HISTORY")
        histories = [one for one in histories if chosen in (None, one[0], f"{one[0]}:{one[1]}")]
        parents = [self.enterContext(CgroupParent()) for _ in histories]
        with concurrent.futures.ThreadPoolExecutor(AT_ONCE) as pool:
            told = list(pool.map(lambda one, cgroups: tell(*one, cgroups), histories, parents))
        for cgroups in parents:
            bury(cgroups)
        wrong = [what for _, what in told if what]
        self.assertEqual(wrong, [], f"{len(wrong)} of {len(told)} histories:\n" + "\n".join(wrong))
        reached = {point for (point, *_), (at, _) in zip(histories, told) if at}
        self.assertEqual({point for point, *_ in histories} - reached, set(), "these failpoints were never reached")
        print(f"\n{len(told)} histories, {sum(at for at, _ in told)} of them killed at their failpoint", flush=True)

    def test_nothing_is_lost_with_sqlite(self):
        self.check_all([(point, seed, ()) for seed in range(5) for point in POINTS])

    def test_nothing_is_lost_with_postgresql(self):
        needs(self, not throwaway_postgres.missing(), "PostgreSQL")
        with contextlib.ExitStack() as databases:
            histories = []
            for seed in range(2):
                for point in POSTGRES_POINTS:
                    database = databases.enter_context(throwaway_postgres.Postgres())
                    histories.append((point, seed, ("--database-url", database.url)))
            self.check_all(histories)


if __name__ == "__main__":
    unittest.main()
