"""Peers that are plain programs: python3 alone, a fork server, bubblewrap, firejail."""
import pathlib
import shutil

import block_driver
from contender import PYTHON, CannotRun, Contender, Program
from workloads import BY_NAME, MEMORY_MIB


class BarePython(Program):
    name = "python3"
    keeps = {"address layout of its own": "yes", "time limit": "by the harness"}

    def words(self, workload):
        packages = ["/usr/bin/env", f"PYTHONPATH={self.place.packages}"] if workload.needs else []
        return [*packages, PYTHON, "-c", workload.code]


class BarePass(BarePython):
    """The least that a process of Python costs: the measure that goals are set by."""
    name = "python3 -c pass"
    only = ("W1",)
    silent = True

    def variant(self, workload):
        return BY_NAME["pass"]


class ForkServer(Contender):
    """The fastest Python without any isolation: forked from one that has imported what jobs use."""
    name = "multiprocessing.forkserver"
    keeps = {"time limit": "by the harness"}

    def __enter__(self):
        script = pathlib.Path(__file__).with_name("forkserver_side.py")
        env = {"PYTHONDONTWRITEBYTECODE": "1", **({"PYTHONPATH": str(self.place.packages)} if self.place.packages else {})}
        self.own_driver = block_driver.BlockDriver(PYTHON, str(script), "json", "re", "datetime", *self.place.modules, env=env)
        self.own_driver.__enter__()
        return self

    def __exit__(self, *rest):
        self.own_driver.__exit__(*rest)

    def driver(self):
        return self.own_driver

    def block(self, workload):
        return [("deadline_ms", int(workload.time_limit_s * 1000)), ("directory", str(self.place.directory(workload))),
                ("word", workload.code)]


def need(program, package):
    if not shutil.which(program, path=block_driver.CLEAN["PATH"]):
        raise CannotRun(f"{program} is not installed; install the package {package}")


class Bubblewrap(Program):
    name = "bubblewrap"
    keeps = {"namespaces": "user, mount, pid, net, ipc, uts, cgroup", "network off": "yes", "read-only root": "/usr",
             "no capabilities": "yes", "address layout of its own": "yes", "time limit": "by the harness"}

    def __enter__(self):
        need("bwrap", "bubblewrap")
        return self

    def words(self, workload):
        links = [word for name in ("bin", "sbin", "lib", "lib64") for word in ("--symlink", f"usr/{name}", f"/{name}")]
        packages = ["--ro-bind", self.place.packages, "/packages", "--setenv", "PYTHONPATH", "/packages"] if workload.needs else []
        workspace = ["--bind", self.workspace(workload), "/workspace"] if workload.input else ["--tmpfs", "/workspace"]
        return ["bwrap", "--unshare-all", "--die-with-parent", "--new-session", "--clearenv", "--cap-drop", "ALL", "--ro-bind", "/usr",
                "/usr", *links, "--proc", "/proc", "--dev", "/dev", *workspace, "--chdir", "/workspace", *packages, PYTHON, "-c",
                workload.code]


class Firejail(Program):
    name = "firejail"
    keeps = {"namespaces": "mount, pid, net, uts", "network off": "yes", "read-only root": "yes", "system-call filter": "its default list",
             "no capabilities": "yes", "memory limit": "rlimit (address space)", "process limit": "no", "address layout of its own": "yes", "time limit": "by the harness"}

    def __enter__(self):
        need("firejail", "firejail")
        return self

    def words(self, workload):
        memory = [] if workload.needs else [f"--rlimit-as={MEMORY_MIB << 20}"]  # numpy maps more than it uses
        packages = [f"--env=PYTHONPATH={self.place.packages}"] if workload.needs else []
        return ["firejail", "--quiet", "--noprofile", "--net=none", "--seccomp", "--caps.drop=all", "--nonewprivs", "--private-dev", "--keep-var-tmp",
                "--read-only=/", *memory, *packages, PYTHON, "-c", workload.code]
