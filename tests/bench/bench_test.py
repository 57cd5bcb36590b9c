"""The benchmark itself, so that it cannot rot: its statistics, and `scripts/bench.sh --smoke`, which must measure our sides
beside python3 without a void run. It says nothing of how fast anything is."""

import json
import os
import pathlib
import subprocess
import sys
import tempfile
import unittest

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "benchmarks"))
import page  # noqa: E402
import rounds  # noqa: E402

BIN = os.environ.get("PYSANDBOX_BIN", "")
OURS = {"pysandbox, in process", "pysandbox run", "pysandbox-server, SQLite"}


class StatisticsTest(unittest.TestCase):
    def test_a_quantile_is_the_smallest_value_that_so_many_are_not_above(self):
        values = list(range(1, 101))
        self.assertEqual([rounds.quantile(values, part) for part in (0.5, 0.9, 0.99, 1.0)], [50, 90, 99, 100])
        self.assertEqual(rounds.quantile([7], 0.5), 7)

    def test_each_side_is_measured_once_a_round(self):
        calls = []
        told = rounds.in_rounds(3, {"a": lambda: calls.append("a") or 1, "b": lambda: calls.append("b") or 2})
        self.assertEqual(told, [{"a": 1, "b": 2}] * 3)
        self.assertEqual([sorted(calls[at:at + 2]) for at in (0, 2, 4)], [["a", "b"]] * 3)

    def test_a_ratio_is_of_one_round_and_above_one_where_ours_is_better(self):
        times = [{"ours": 1, "peer": 10}, {"ours": 2, "peer": 8}, {"ours": 4, "peer": 8}]  # 10, 4, 2
        self.assertEqual(rounds.compare("m", "ms", times, "ours", "peer").ratio, 4)
        self.assertEqual(rounds.compare("m", "1/s", times, "ours", "peer", less_is_better=False).ratio, 0.25)

    def test_a_round_that_lacks_a_side_counts_for_nothing(self):
        times = [{"ours": 1, "peer": 10}, {"ours": None, "peer": 1}, {"ours": 1}]
        self.assertEqual(rounds.compare("m", "ms", times, "ours", "peer").rounds, 1)
        self.assertIsNone(rounds.compare("m", "ms", times[1:], "ours", "peer"))

    def test_the_interval_holds_the_median_and_grows_with_the_spread(self):
        narrow, wide = [10, 11] * 20, [1, 20] * 20
        low, high = rounds.interval(narrow)
        self.assertTrue(10 <= low <= high <= 11)
        self.assertLess(high - low, rounds.interval(wide)[1] - rounds.interval(wide)[0])


class PageTest(unittest.TestCase):
    def test_only_what_lies_between_the_markers_is_replaced(self):
        with tempfile.TemporaryDirectory() as directory:
            file = pathlib.Path(directory, "page.md")
            file.write_text(f"before\n{page.BEGIN}\nold\n{page.END}\nafter\n")
            page.replace_generated(file, "new")
            self.assertEqual(file.read_text(), f"before\n{page.BEGIN}\n\nnew\n{page.END}\nafter\n")

    def test_the_page_of_the_project_has_both_markers_once(self):
        text = (ROOT / "docs/performance.md").read_text()
        self.assertEqual((text.count(page.BEGIN), text.count(page.END)), (1, 1))


class SmokeTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        with tempfile.TemporaryDirectory() as directory:
            done = subprocess.run([ROOT / "scripts/bench.sh", "--smoke", "--bin", BIN, "--results", directory], capture_output=True, text=True)
            if done.returncode != 0:
                raise AssertionError(done.stdout[-3000:] + done.stderr[-3000:])
            cls.results = json.loads(pathlib.Path(directory, "results.json").read_text())
            cls.page = pathlib.Path(directory, "performance.md").read_text()

    def test_ours_stand_beside_python3(self):
        compared = {record["ours"] for record in self.results["records"]
                    if record["name"] == "W1, back to back, to reaped" and record["peer"] == "python3"}
        self.assertLessEqual(OURS, compared)

    def test_every_record_is_whole(self):
        for record in self.results["records"]:
            self.assertLessEqual({"name", "ours", "peer", "ratio", "low", "high", "unit", "rounds", "load"}, set(record))
            self.assertGreater(record["ratio"], 0, record)

    def test_no_run_of_ours_is_void(self):
        self.assertEqual([entry for entry in self.results["void"] if entry["who"] in OURS], [])

    def test_a_side_that_is_missing_has_its_reason(self):
        self.assertEqual([entry for entry in self.results["not_measured"] if not entry["reason"]], [])

    def test_every_goal_has_its_row(self):
        for goal in self.results["goals"]:
            self.assertIn(goal["what"], self.page)
            self.assertTrue(goal["measured"] or goal["why"], goal)


if __name__ == "__main__":
    unittest.main()
