"""Peers that run an OCI bundle: runc, and runsc (gVisor). The root file system is this machine's Python and nothing else."""
import json
import os
import pathlib
import re
import shutil
import subprocess
import tempfile

from block_driver import CLEAN
from contender import CannotRun, Program
from processes import need
from workloads import BY_NAME, MEMORY_MIB, PROCESSES

PATH = "PATH=/usr/bin:/bin"


def libraries(program):
    """The shared libraries that it needs, the loader among them."""
    listed = subprocess.run(["ldd", program], capture_output=True, text=True).stdout
    return re.findall(r"(/\S+) \(0x", listed)


def make_root(root, packages):
    """A root file system with /usr/bin/python3, its library and what both need."""
    real = pathlib.Path("/usr/bin/python3").resolve()
    standard = pathlib.Path("/usr/lib") / real.name
    for name in ("usr/bin", "usr/lib", "usr/lib64", "usr/sbin", "proc", "dev", "sys", "tmp", "etc", "workspace", "packages"):
        (root / name).mkdir(parents=True)
    for name in ("bin", "sbin", "lib", "lib64"):
        (root / name).symlink_to(f"usr/{name}")
    needed = set(libraries(real))
    for module in [*standard.glob("lib-dynload/*.so"), *(packages.rglob("*.so*") if packages else ())]:
        needed.update(path for path in libraries(module) if not packages or not path.startswith(str(packages)))
    for path in needed:
        target = root / ("usr" + path if not path.startswith("/usr") else path[1:])
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(os.path.realpath(path), target)
    shutil.copy2(real, root / "usr/bin" / real.name)
    (root / "usr/bin/python3").symlink_to(real.name)
    shutil.copytree(standard, root / "usr/lib" / real.name, symlinks=True, ignore=shutil.ignore_patterns("test", "idlelib"))
    if packages:
        shutil.copytree(packages, root / "packages", symlinks=True, dirs_exist_ok=True)
    return root


class OciRuntime(Program):
    """One bundle for each workload, ready before anything is timed."""
    program = ""
    flags = ()

    def __enter__(self):
        need(self.program, self.program)
        need("runc", "runc")  # which writes the bundles
        self.state = pathlib.Path(tempfile.mkdtemp(prefix=f"bench-{self.program}-", dir="/run" if os.geteuid() == 0 else None))
        self.bundles = {}
        try:
            self._try()
        except BaseException:
            self.__exit__()
            raise
        return self

    def _try(self):
        """Whether it can run anything here: crun refuses a host that has both versions of cgroups."""
        words = [str(word).replace("{serial}", f"try-{os.getpid()}") for word in self.words(BY_NAME["pass"])]
        done = subprocess.run(words, capture_output=True, text=True, stdin=subprocess.DEVNULL, env=CLEAN)
        if done.returncode != 0:
            raise CannotRun(f"{self.program} run: {done.stderr.strip()[-300:]}")

    def __exit__(self, *_):
        shutil.rmtree(self.state, ignore_errors=True)

    def words(self, workload):
        if workload.name not in self.bundles:
            self.bundles[workload.name] = self._bundle(workload)
        return [self.program, "--root", self.state / "state", *self.flags, "run", "--bundle", self.bundles[workload.name], "{serial}"]

    def kill_words(self):
        return [self.program, "--root", self.state / "state", *self.flags, "kill", "{serial}", "KILL"]

    def _bundle(self, workload):
        bundle = self.state / workload.name
        bundle.mkdir()
        subprocess.run(["runc", "spec", "--bundle", bundle], check=True)
        config = json.loads((bundle / "config.json").read_text())
        process = config["process"]
        process.update(terminal=False, cwd="/workspace", args=["/usr/bin/python3", "-c", workload.code],
                       env=[PATH, *(["PYTHONPATH=/packages"] if workload.needs else [])])
        process["capabilities"] = {kind: [] for kind in process["capabilities"]}
        config["root"] = {"path": str(self.place.scratch / "root"), "readonly": True}
        config["mounts"].append({"destination": "/workspace", "type": "bind", "source": str(self.workspace(workload)),
                                 "options": ["bind", "rw"]})
        config["linux"]["resources"] = {"memory": {"limit": MEMORY_MIB << 20}, "pids": {"limit": PROCESSES}}
        (bundle / "config.json").write_text(json.dumps(config))
        return bundle


class Runc(OciRuntime):
    name = program = "runc"
    keeps = {"namespaces": "mount, pid, net, ipc, uts", "network off": "yes", "read-only root": "yes", "no capabilities": "yes",
             "memory limit": "cgroup", "process limit": "cgroup", "address layout of its own": "yes", "time limit": "by the harness"}


class Crun(OciRuntime):
    name = program = "crun"
    keeps = Runc.keeps


class Runsc(OciRuntime):
    name = "runsc (gVisor)"
    program = "runsc"
    flags = ("--network=none", "--platform=ptrace")
    keeps = {"namespaces": "mount, pid, net, ipc, uts", "network off": "yes", "read-only root": "yes", "system-call filter": "of its own",
             "no capabilities": "yes", "memory limit": "cgroup", "process limit": "cgroup", "address layout of its own": "yes", "time limit": "by the harness",
             "kernel of its own": "in user space"}
