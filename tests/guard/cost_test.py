"""What one run of `pysandbox run -c pass` costs in numbers that no other load changes: system calls, processes and page faults.

They must stay within a tenth of those in costs.json, above and below: who makes it cheaper writes the new numbers down, and
so keeps what was won.

    PYSANDBOX=build/test/bin/pysandbox tests/guard/cost_test.py --renew     writes this machine's numbers into costs.json

Hosts differ (root or not, version of cgroups, Python), so each kind of them has its own numbers. strace must be there.
"""

import json
import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile
import unittest

PROGRAM = os.environ.get("PYSANDBOX", "")
COSTS = pathlib.Path(__file__).with_name("costs.json")
TOLERANCE = 0.10
RUNS = 5  # the least of them counts: another run on this host at the same time makes ours look for a free slot once more
COMMAND = ["run", "-c", "pass"]
CALL = re.compile(r"^(\d+) +[a-z_0-9]+\(", re.MULTILINE)


def missing():
    if not shutil.which("strace"):
        return "strace is not installed"
    tried = subprocess.run(["strace", "-f", "-o", "/dev/null", "true"], capture_output=True, text=True)
    return "" if tried.returncode == 0 else f"strace cannot trace here: {tried.stderr.strip()}"


def kind_of_host():
    done = subprocess.run([PROGRAM, *COMMAND, "--json"], capture_output=True, text=True, check=True)
    isolation = json.loads(done.stdout)["isolation"]
    python = subprocess.run(["/usr/bin/python3", "-c", "import sys; print('%d.%d' % sys.version_info[:2])"], capture_output=True,
                            text=True, check=True).stdout.strip()
    return f"{isolation['mode']}, cgroup {isolation['cgroup']}, Landlock {isolation['landlock_abi']}, Python {python}"


def traced():
    """(system calls, processes and threads) of one run."""
    with tempfile.NamedTemporaryFile("r") as trace:
        subprocess.run(["strace", "-f", "-qq", "-o", trace.name, PROGRAM, *COMMAND], check=True)
        calls = CALL.findall(trace.read())
        return len(calls), len(set(calls))


def page_faults():
    """Of the program and of all that it and its children waited for; those that read no disk."""
    process = subprocess.Popen([PROGRAM, *COMMAND])
    _, status, used = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    assert process.returncode == 0, process.returncode
    return used.ru_minflt


def measure():
    page_faults()  # fills the page cache
    calls, processes = zip(*(traced() for _ in range(RUNS)))
    return {"system_calls": min(calls), "processes": min(processes), "page_faults": min(page_faults() for _ in range(RUNS))}


class CostTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        reason = missing()
        kind = "" if reason else kind_of_host()
        cls.known = json.loads(COSTS.read_text())
        if not reason and kind not in cls.known:
            reason = f"costs.json has no numbers of a host like this ({kind}); write them with cost_test.py --renew"
        if reason and os.environ.get("CI"):
            raise AssertionError(f"{reason}, and this is CI")
        if reason:
            raise unittest.SkipTest(reason)
        cls.wanted, cls.found = cls.known[kind], measure()

    def check(self, what):
        found, wanted = self.found[what], self.wanted[what]
        self.assertLessEqual(abs(found - wanted), wanted * TOLERANCE,
                             f"a run costs {found} {what} and not {wanted}, more than a tenth off; if that is meant to be, renew costs.json")

    def test_a_run_makes_as_many_system_calls_as_before(self):
        self.check("system_calls")

    def test_a_run_has_as_many_processes_and_threads_as_before(self):
        self.check("processes")

    def test_a_run_takes_as_many_page_faults_as_before(self):
        self.check("page_faults")


def renew():
    if reason := missing():
        sys.exit(reason)
    costs = json.loads(COSTS.read_text()) if COSTS.exists() else {}
    kind = kind_of_host()
    costs[kind] = measure()
    COSTS.write_text(json.dumps(costs, indent=2) + "\n")
    print(f"{kind}: {costs[kind]}")


if __name__ == "__main__":
    if sys.argv[1:] == ["--renew"]:
        renew()
    else:
        unittest.main()
