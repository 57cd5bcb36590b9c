"""Something that can run a job: ours, or a peer."""
import contextlib
import dataclasses
import pathlib

from packages import Packages
from workloads import Seen

PYTHON = "/usr/bin/python3"


class CannotRun(Exception):
    """Why a contender, or one workload of it, cannot be measured on this machine."""


@dataclasses.dataclass
class Place:
    """What the contenders of one measurement share."""
    bin: pathlib.Path        # our programs
    scratch: pathlib.Path    # a temporary directory
    made: Packages = dataclasses.field(default_factory=Packages)
    modules: tuple = ()      # which of numpy and pandas are there

    @property
    def packages(self):
        """A site-packages for the peers."""
        return self.made.site

    @property
    def environment(self):
        """The same for ours: the digest of an environment."""
        return self.made.environment

    @property
    def environments(self):
        """The directory that has it."""
        return self.made.environments

    def directory(self, workload):
        directory = self.scratch / workload.directory
        directory.mkdir(exist_ok=True)
        return directory


class Contender(contextlib.AbstractContextManager):
    name = ""
    ours = False
    keeps = {}  # a feature: what it does of it; see FEATURES
    only = ()   # the workloads that it is for; empty: all
    silent = False  # prints nothing: its output is its end
    settle_s = 0.0  # after its first runs, until it is as it will be

    def __init__(self, place):
        self.place = place

    def __enter__(self):
        """Makes it ready; raises CannotRun with the reason if it cannot be here."""
        return self

    def __exit__(self, *_):
        pass

    def why_not(self, workload):
        """Why this workload makes no sense here; nothing if it does."""
        if workload.needs and workload.needs not in self.place.modules:
            return f"no {workload.needs}: {self.place.made.reason}"
        if workload.needs_memory_limit and self.keeps.get("memory limit", "no") == "no":
            return "it has no memory limit"
        return None

    def variant(self, workload):
        """What it runs in place of a workload."""
        return workload

    def block(self, workload):
        """The pairs of a block that say what to run; how often is added to them."""
        raise NotImplementedError

    def driver(self):
        raise NotImplementedError

    def seen(self, sample):
        """What a sample tells."""
        return Seen(sample.status, sample.text.decode(errors="replace"), sample.errors.decode(errors="replace"), sample.killed > 0)

    def run(self, workload, *, count=0, seconds=0.0, clients=1, pause_s=0.0):
        return self.driver().run([("count", count), ("duration_ms", int(seconds * 1000)), ("clients", clients),
                                  ("pause_us", int(pause_s * 1e6)), *self.block(workload)])


# The rows of the matrix beside the numbers.
FEATURES = ("namespaces", "network off", "read-only root", "system-call filter", "no capabilities", "user id of its own", "memory limit",
            "process limit", "time limit", "kernel of its own", "address layout of its own", "files handed back", "the fate as data")


class Program(Contender):
    """A peer that is a command line."""

    def __init__(self, place, driver):
        super().__init__(place)
        self.exec_driver = driver

    def driver(self):
        return self.exec_driver

    def words(self, workload):
        raise NotImplementedError

    def kill_words(self):
        return []

    def workspace(self, workload):
        """A directory with the workload's inputs."""
        return self.place.directory(workload)

    def block(self, workload):
        return [("side", "exec"), ("deadline_ms", int(workload.time_limit_s * 1000)), ("directory", str(self.workspace(workload))),
                *(("word", str(word)) for word in self.words(workload)), *(("kill", str(word)) for word in self.kill_words())]
