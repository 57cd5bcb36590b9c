"""What one run costs in numbers that no other load changes: system calls, processes and page faults. A cold one is that of
`pysandbox run -c pass`; a warm one that of a program that finds an interpreter parked.

They must stay within a tenth of those in costs.json, above and below: who makes it cheaper writes the new numbers down, and
so keeps what was won.

    PYSANDBOX=build/test/bin/pysandbox PYSANDBOX_DRIVER=build/test/bin/bench_driver tests/guard/cost_test.py --renew
                                                      writes this machine's numbers into costs.json

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
import time
import unittest

PROGRAM = os.environ.get("PYSANDBOX", "")
DRIVER = os.environ.get("PYSANDBOX_DRIVER", "")
COSTS = pathlib.Path(__file__).with_name("costs.json")
TOLERANCE = 0.10
RUNS = 5  # the least of them counts: another run on this host at the same time makes ours look for a free slot once more
SETTLE_S = 1.0  # for the pool
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


def measure_cold():
    page_faults()  # fills the page cache
    calls, processes = zip(*(traced() for _ in range(RUNS)))
    return {"system_calls": min(calls), "processes": min(processes), "page_faults": min(page_faults() for _ in range(RUNS))}


# WARM

class Driver:
    """bench_driver with a pool: runs a program each time that it is asked, as benchmarks/driver/block.hpp has it."""

    def __init__(self, *before):
        self.process = subprocess.Popen([*before, DRIVER, "--pool", "8"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)

    def __enter__(self):
        self.run("pass")  # a cold one, behind which others are parked
        return self

    def __exit__(self, *_):
        self.process.stdin.close()
        self.process.stdout.read()
        self.process.stdout.close()
        self.process.wait()

    def run(self, code):
        """(how it started, what it printed)"""
        request = json.dumps({"code": code}).encode().hex()
        self.process.stdin.write(f"side sandbox\ncount 1\nrequest {request}\ngo\n")
        self.process.stdin.flush()
        kind, *words = self.process.stdout.readline().split()
        if kind != "sample":
            raise AssertionError(bytes.fromhex(words[0][1:]).decode())
        assert self.process.stdout.readline() == "done\n"
        result = json.loads(bytes.fromhex(words[5][1:]))
        assert result["outcome"] == "ok", result
        return result["isolation"]["start"], result["stdout"]

    def run_warm(self, code):
        """Once something is parked."""
        for _ in range(100):
            time.sleep(0.1)
            start, printed = self.run(code)
            if start == "warm":
                return printed
        raise AssertionError("in ten seconds nothing was parked")


# A line of strace -f -ttt: the thread, when, and what.
LINE = re.compile(r"^(\d+) +([0-9.]+) (.*)$", re.MULTILINE)


def traced_warm():
    """(system calls of a warm run, its processes): those of the thread that asks for it, from the request to the answer, and
    those of the processes that were parked for it, from then to their end. What the pool does meanwhile is not the run's."""
    with tempfile.NamedTemporaryFile("r") as trace:
        with Driver("strace", "-f", "-q", "-ttt", "-o", trace.name) as driver:
            driver.run_warm("pass")
            time.sleep(SETTLE_S)  # what was parked is again
            began = time.time()
            start, _ = driver.run("pass")
            answered = time.time()
            assert start == "warm", start
            time.sleep(SETTLE_S)  # its processes are taken away
            ended = time.time()
        lines = [(thread, float(when), what) for thread, when, what in LINE.findall(trace.read())]
    mine = [line for line in lines if began < line[1] < ended]
    asker = lines[0][0]
    parked = {thread for thread, _, what in mine if what.startswith("+++")}
    calls = [what for thread, when, what in mine if (thread in parked or (thread == asker and when < answered)) and re.match(r"[a-z_0-9]+\(", what)]
    return len(calls), len(parked)


FAULTS = "print(open('/proc/self/stat').read().split()[9])"


def measure_warm():
    calls, processes = zip(*(traced_warm() for _ in range(2)))
    with Driver() as driver:
        faults = min(int(driver.run_warm(FAULTS)) for _ in range(RUNS))  # of the interpreter, from its fork to its last line
    return {"system_calls": min(calls), "processes": min(processes), "page_faults": faults}


def measure():
    return {"cold": measure_cold(), **({"warm": measure_warm()} if DRIVER else {})}


class CostTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        reason = missing()
        kind = "" if reason else kind_of_host()
        known = json.loads(COSTS.read_text())
        if not reason and kind not in known:
            reason = f"costs.json has no numbers of a host like this ({kind}); write them with cost_test.py --renew"
        if reason and os.environ.get("CI"):
            raise AssertionError(f"{reason}, and this is CI")
        if reason:
            raise unittest.SkipTest(reason)
        cls.wanted, cls.found = known[kind], measure()

    def check(self, start, what):
        if start not in self.found:
            self.skipTest("PYSANDBOX_DRIVER names no bench_driver: benchmarks are not built")
        found, wanted = self.found[start][what], self.wanted[start][what]
        self.assertLessEqual(abs(found - wanted), wanted * TOLERANCE,
                             f"a {start} run costs {found} {what} and not {wanted}, more than a tenth off; if that is meant to be, renew costs.json")

    def test_a_run_makes_as_many_system_calls_as_before(self):
        self.check("cold", "system_calls")

    def test_a_run_has_as_many_processes_and_threads_as_before(self):
        self.check("cold", "processes")

    def test_a_run_takes_as_many_page_faults_as_before(self):
        self.check("cold", "page_faults")

    def test_a_warm_run_makes_as_many_system_calls_as_before(self):
        self.check("warm", "system_calls")

    def test_a_warm_run_has_as_many_processes_as_before(self):
        self.check("warm", "processes")

    def test_a_parked_interpreter_takes_as_many_page_faults_as_before(self):
        self.check("warm", "page_faults")


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
