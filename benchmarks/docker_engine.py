"""The peers `docker run` and `docker exec`, with an engine of our own: started on a unix socket with directories of its own,
stopped at the end. Its image is made of a local root file system; no registry is asked."""
import contextlib
import os
import pathlib
import shutil
import subprocess
import tempfile
import time

from block_driver import CLEAN
from contender import CannotRun, Program
from processes import need
from workloads import MEMORY_MIB, PROCESSES

DOCKER = "/usr/bin/docker"  # Debian's, whatever else is in PATH
IMAGE = "pysandbox-bench"
HARDENED = ("--network", "none", "--read-only", "--cap-drop", "ALL", "--security-opt", "no-new-privileges", "--user", "1000:1000",
            "--memory", f"{MEMORY_MIB}m", "--memory-swap", f"{MEMORY_MIB}m", "--pids-limit", str(PROCESSES))
CGROUPS = pathlib.Path("/sys/fs/cgroup")


def left_by_engine():
    """Directories that an engine makes outside of its own, innermost first."""
    run = [pathlib.Path("/run", name) for name in ("docker/plugins", "docker", "containerd/s", "containerd")]
    return [path for path in [*CGROUPS.glob("docker"), *CGROUPS.glob("*/docker"), *run] if path.is_dir()]


class Engine:
    def __init__(self, root):
        self.root = root

    def __enter__(self):
        need("dockerd", "docker.io")
        if os.geteuid() != 0:
            raise CannotRun("an engine of our own needs root")
        self.place = pathlib.Path(tempfile.mkdtemp(prefix="bench-docker-", dir="/var/tmp"))
        self.socket = f"unix://{self.place}/socket"
        self.there_before = left_by_engine()
        with open(self.place / "log", "wb") as log:
            self.process = subprocess.Popen(
                ["/usr/sbin/dockerd", "--data-root", self.place / "data", "--exec-root", self.place / "exec", "--pidfile", self.place / "pid",
                 "-H", self.socket, "--iptables=false", "--ip6tables=false", "--ip-forward=false", "--ip-masq=false", "--bridge=none"],
                stdin=subprocess.DEVNULL, stdout=log, stderr=log, env=CLEAN)
        try:
            self._wait()
            with subprocess.Popen(["tar", "-C", self.root, "-c", "."], stdout=subprocess.PIPE) as tar:
                self.docker("import", "-", IMAGE, stdin=tar.stdout)
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_):
        self.process.terminate()
        try:
            self.process.wait(60)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        shutil.rmtree(self.place, ignore_errors=True)
        for path in [path for path in left_by_engine() if path not in self.there_before]:
            with contextlib.suppress(OSError):
                path.rmdir()

    def docker(self, *words, **options):
        done = subprocess.run([DOCKER, "-H", self.socket, *map(str, words)], capture_output=True, text=True, env=CLEAN, **options)
        if done.returncode != 0:
            raise CannotRun(f"docker {words[0]}: {done.stderr.strip()[-300:]}")
        return done.stdout

    def _wait(self):
        for _ in range(300):
            with contextlib.suppress(CannotRun):
                self.docker("version")
                return
            if self.process.poll() is not None:
                break
            time.sleep(0.1)
        raise CannotRun(f"dockerd does not start: {(self.place / 'log').read_text()[-500:]}")


class DockerProgram(Program):
    keeps = {"namespaces": "mount, pid, net, ipc, uts", "network off": "yes", "read-only root": "yes",
             "system-call filter": "its default list", "no capabilities": "yes", "user id of its own": "given, shared",
             "memory limit": "cgroup", "process limit": "cgroup", "address layout of its own": "yes", "time limit": "by the harness"}

    def __init__(self, place, driver, engine):
        super().__init__(place, driver)
        self.engine = engine

    def environment(self):
        return ("-e", "PYTHONPATH=/packages") if self.place.packages else ()


class DockerRun(DockerProgram):
    name = "docker run"
    image = IMAGE

    def words(self, workload):
        return [DOCKER, "-H", self.engine.socket, "run", "--rm", "--name", "{serial}", *HARDENED, *self.environment(), "-v",
                f"{self.workspace(workload)}:/workspace", "-w", "/workspace", self.image, "python3", "-c", workload.code]

    def kill_words(self):
        return [DOCKER, "-H", self.engine.socket, "kill", "{serial}"]


class DockerExec(DockerProgram):
    """Into a container that is there already. All jobs share it: its files, its processes and its limits."""
    name = "docker exec, warm"
    keeps = {**DockerProgram.keeps, "user id of its own": "no, all jobs share a container", "memory limit": "no, of all jobs together",
             "process limit": "of all jobs together", "time limit": "no"}

    def __enter__(self):
        self.container = self.engine.docker(
            "run", "-d", *HARDENED, *self.environment(), "-v", f"{self.place.scratch}/csv:/workspace:ro", "-w", "/workspace", IMAGE,
            "python3", "-c", "import signal; signal.pause()").strip()
        return self

    def __exit__(self, *_):
        with contextlib.suppress(CannotRun):  # after a Ctrl-C the engine may have ended before us, and its containers with it
            self.engine.docker("rm", "--force", self.container)

    def why_not(self, workload):
        if workload.name == "W10":
            return "docker exec cannot end what it started: when the client is killed, the program runs on"
        if workload.needs_memory_limit:
            return "the limit is of the container, and so of all its jobs together"
        return super().why_not(workload)

    def words(self, workload):
        return [DOCKER, "-H", self.engine.socket, "exec", self.container, "python3", "-c", workload.code]
