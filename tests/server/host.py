"""What a server leaves on its host, for tests that count it."""
import contextlib
import os
import pathlib
import time
import uuid

CI = bool(os.environ.get("CI"))

CONTROLLERS = ("memory", "pids", "cpu", "cpuacct")
CGROUPS = pathlib.Path("/sys/fs/cgroup")


class CgroupParent:
    """A cgroup of a test's own, below which its servers' jobs get theirs: `flags` for the server, empty where none can be
    made (cgroup v2, or not root); then jobs are where they always are, and none of their cgroups are counted."""

    def __init__(self):
        self.name = f"pysandbox-test-{uuid.uuid4().hex}"
        self.directories = []
        self.flags = []

    def __enter__(self):
        try:
            for controller in CONTROLLERS:
                directory = CGROUPS / controller / self.name
                directory.mkdir()
                self.directories.append(directory)
            self.flags = ["--cgroup-parent", "/" + self.name]
        except OSError:
            self.__exit__()
        return self

    def __exit__(self, *_):
        for top in self.directories:
            for directory in [*sorted(top.glob("*/*")), *sorted(top.glob("*")), top]:
                with contextlib.suppress(OSError):
                    directory.rmdir()
        self.directories = []

    def jobs(self):
        """The cgroups of jobs that are there."""
        return sorted({path.name for top in self.directories for path in top.glob("*/job-*")})

    def processes(self):
        """The processes in them."""
        return sorted({int(pid) for top in self.directories for file in top.glob("*/job-*/cgroup.procs")
                       for pid in read(file).split()})


def needs(test, is_there, what):
    """Without it, the test is skipped; in CI it fails."""
    if not is_there and CI:
        raise AssertionError(f"{what} is missing here, and this is CI")
    if not is_there:
        test.skipTest(f"{what} is missing here")


def read(path):
    try:
        return pathlib.Path(path).read_bytes()
    except OSError:  # gone meanwhile, or somebody else's
        return b""


def processes_with(word):
    """Processes in whose environment `word` stands."""
    return [int(entry.name) for entry in pathlib.Path("/proc").iterdir()
            if entry.name.isdigit() and word.encode() in read(entry / "environ")]


def memory_peak_bytes(pid):
    """The most that was ever resident of a process."""
    for line in read(f"/proc/{pid}/status").decode().splitlines():
        if line.startswith("VmHWM:"):
            return int(line.split()[1]) << 10
    raise AssertionError(f"process {pid} is gone")


def memory_bytes(pid):
    return int(read(f"/proc/{pid}/statm").split()[1]) * os.sysconf("SC_PAGE_SIZE")


def open_files(pid):
    return len(os.listdir(f"/proc/{pid}/fd"))


def files_below(directory):
    """Relative names of all files below a directory."""
    top = pathlib.Path(directory)
    return sorted(str(path.relative_to(top)) for path in top.rglob("*") if path.is_file())


def settled(look, wanted, patience=20):
    """The last answer of `look`, which is asked until it gives what is wanted: the kernel takes things down a moment late."""
    deadline = time.monotonic() + patience
    while (found := look()) != wanted and time.monotonic() < deadline:
        time.sleep(0.02)
    return found
