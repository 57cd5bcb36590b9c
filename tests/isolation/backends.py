"""What is compared: one class for each, and the list of all at the end. Another backend is one more class and one more line there."""
import contextlib
import dataclasses
import json
import os
import pathlib
import secrets
import shutil
import signal
import subprocess
import sys
import tempfile
import time

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path += [str(ROOT / "benchmarks"), str(ROOT / "tests/server")]
import docker_engine  # noqa: E402
import oci  # noqa: E402
import server_process  # noqa: E402
from bait import DESCRIPTOR  # noqa: E402
from contender import CannotRun  # noqa: E402
from processes import need  # noqa: E402

PYTHON = "/usr/bin/python3"
PATIENCE_S = 60      # until something counts as hanging
MEMORY, PROCESSES = 512 << 20, 128  # of the peers that take limits, for the machine's sake
ATTACK_FILES = ("attack.py", "reachable_syscalls.txt")


@dataclasses.dataclass
class Ended:
    code: int
    stdout: str
    stderr: str


class Backend:
    """A way to run a Python program that is a command line."""
    name = ""
    how = ""                    # the command line, for the page
    image = ()                  # what was handed in to be seen: not counted as the host's
    own_kernel = False          # system calls are answered by something else than the host's kernel
    attacked = True

    def __init__(self, programs, bait):
        self.programs = programs
        self.bait = bait

    def __enter__(self):
        return self

    def __exit__(self, *_):
        pass

    def words(self, place, arguments):
        """Runs main.py of the directory `place`, which has everything else beside it."""
        raise NotImplementedError

    def clean_up(self):
        """After a run that may have been stopped from outside."""

    def run(self, script, arguments, limits=()):
        with self.started(script, arguments, limits) as process:
            try:
                stdout, stderr = process.communicate(timeout=PATIENCE_S)
            except subprocess.TimeoutExpired:
                return Ended(-signal.SIGKILL, "", f"did not end within {PATIENCE_S} s")
            return Ended(process.returncode, stdout.decode(errors="replace"), stderr.decode(errors="replace"))

    @contextlib.contextmanager
    def started(self, script, arguments, limits=()):
        self.limits = limits
        with tempfile.TemporaryDirectory(prefix="pysandbox-isolation-", dir="/var/tmp", ignore_cleanup_errors=True) as place:
            place = pathlib.Path(place)
            shutil.copy(script, place / "main.py")
            for name in ATTACK_FILES:
                shutil.copy(ROOT / "tests/escape" / name, place)
            (place / "input.txt").write_text("an input, as it is on the host\n")
            for path in (place, *place.iterdir()):
                path.chmod(0o777)
            process = subprocess.Popen([str(word) for word in self.words(place, arguments)], cwd=place, stdin=subprocess.DEVNULL,
                                       stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=self.bait.environment,
                                       pass_fds=[DESCRIPTOR], start_new_session=True)
            try:
                yield process
            finally:
                if process.poll() is None:
                    os.killpg(process.pid, signal.SIGKILL)
                process.communicate()
                self.clean_up()


def as_nobody():
    """A peer that is made for ordinary users is measured as one."""
    return ["setpriv", "--reuid", "65534", "--regid", "65534", "--clear-groups"] if os.geteuid() == 0 else []


class Nothing(Backend):
    name = "nothing"
    how = "`python3`, as an ordinary user: what there is to be taken away"
    attacked = False  # they would hit the machine itself

    def __init__(self, programs, bait):
        super().__init__(programs, bait)
        # /etc alone, besides the bait, stands for all that its user may read.
        others = [path for top in ("/", "/var", bait.place.parent) for path in pathlib.Path(top).iterdir()]
        self.image = tuple(str(path) for path in others if path not in (pathlib.Path("/etc"), *bait.place.parents, bait.place))

    def words(self, place, arguments):
        return [*as_nobody(), PYTHON, place / "main.py", *arguments]


class Native(Backend):
    name = "native, cold"
    how = "`pysandbox run`"
    # What a job sees of the host on purpose: docs/threat-model.md.
    image = ("/usr", "/bin", "/sbin", "/lib", "/lib32", "/lib64", "/libx32", "/etc/ld.so.cache", "/etc/alternatives", "/etc/localtime",
             "/etc/fonts", "/etc/mime.types")

    def words(self, place, arguments):
        data = [word for name in (*ATTACK_FILES, "input.txt") for word in ("--data", place / name)]
        limits = [word for limit in self.limits for word in ("--limit", limit)]
        return [self.programs / "pysandbox", "run", place / "main.py", "--quiet", "--timeout", PATIENCE_S - 10, *limits, *data, "--",
                *arguments]


class NativeWarm(Backend):
    """By the server, whose interpreters are parked."""
    name = "native, warm"
    how = "`pysandbox-server`, an interpreter of its pool"
    image = Native.image

    def __enter__(self):
        server_process.PROGRAM = str(self.programs / "pysandbox-server")
        self.server = server_process.Server("--log-level", "warning", env=self.bait.environment)
        self.server.__enter__()
        self.files = []
        for path in (*(ROOT / "tests/escape" / name for name in ATTACK_FILES), self.bait.place / "canary"):
            content = b"an input, as it is on the host\n" if path.name == "canary" else path.read_bytes()
            name = "input.txt" if path.name == "canary" else path.name
            answer = self.server.request("PUT", f"/api/files?filename={name}", content)
            self.files.append({"path": name, "file_id": answer.json()["file_id"]})
        return self

    def __exit__(self, *_):
        self.server.__exit__(None)

    def _submit(self, code, arguments, limits):
        numbers = dict(limit.split("=") for limit in limits)
        return self.server.submit(code, args=[str(word) for word in arguments], files=self.files, timeout=PATIENCE_S - 10,
                                  limits={name: json.loads(value) if value.replace(".", "").isdigit() else value
                                          for name, value in numbers.items() if name != "time_limit"})

    def _park(self):
        """The first run is cold, and others are parked behind it."""
        for _ in range(100):
            if self.server.results(self._submit("pass", [], ()))["isolation"]["start"] == "warm":
                return
            time.sleep(0.1)
        raise CannotRun("no interpreter is parked")

    def run(self, script, arguments, limits=()):
        for _ in range(3):
            self._park()
            result = self.server.results(self._submit(pathlib.Path(script).read_text(), arguments, limits))
            if result["isolation"]["start"] == "warm":
                break
        else:
            raise CannotRun(f"{script} was never run warm")
        code = result["exit_code"]
        return Ended(code if code is not None else -signal.SIGKILL, result["stdout"], result["stderr"])

    @contextlib.contextmanager
    def started(self, script, arguments, limits=()):
        self._park()
        job = self._submit(pathlib.Path(script).read_text(), arguments, limits)
        try:
            yield
        finally:
            self.server.delete(f"/api/jobs/{job}")


class Bubblewrap(Backend):
    name = "bubblewrap"
    how = "`bwrap --unshare-all --die-with-parent --new-session --ro-bind /usr /usr --proc /proc --dev /dev`, as an ordinary user"
    image = ("/usr", "/bin", "/sbin", "/lib", "/lib64")

    def __enter__(self):
        need("bwrap", "bubblewrap")
        return self

    def words(self, place, arguments):
        links = [word for name in ("bin", "sbin", "lib", "lib64") for word in ("--symlink", f"usr/{name}", f"/{name}")]
        return [*as_nobody(), "bwrap", "--unshare-all", "--die-with-parent", "--new-session", "--ro-bind", "/usr", "/usr", *links, "--proc",
                "/proc", "--dev", "/dev", "--bind", place, "/workspace", "--chdir", "/workspace", PYTHON, "main.py", *arguments]


class Image(Backend):
    """Of those that run an image: this machine's Python and nothing else, made once for all of them."""
    image = ("/bin", "/sbin", "/lib", "/lib64", "/usr")
    root = None

    @classmethod
    def root_file_system(cls):
        if Image.root is None:
            Image.root = tempfile.TemporaryDirectory(prefix="pysandbox-isolation-", dir="/var/tmp")
            oci.make_root(pathlib.Path(Image.root.name) / "root", None)
        return pathlib.Path(Image.root.name) / "root"


class Runc(Image):
    name = "runc"
    how = "`runc run`, with the bundle that `runc spec` writes"
    program = "runc"
    flags = ()

    def __enter__(self):
        need(self.program, self.program)
        need("runc", "runc")  # which writes the bundles
        if os.geteuid() != 0:
            raise CannotRun("the bundle of `runc spec` needs root")
        self.state = pathlib.Path(tempfile.mkdtemp(prefix="pysandbox-isolation-", dir="/run"))
        return self

    def __exit__(self, *_):
        shutil.rmtree(self.state, ignore_errors=True)

    def words(self, place, arguments):
        self.id = f"isolation-{secrets.token_hex(4)}"
        bundle = self.state / self.id
        bundle.mkdir()
        subprocess.run(["runc", "spec", "--bundle", bundle], check=True)
        config = json.loads((bundle / "config.json").read_text())
        config["process"].update(terminal=False, cwd="/workspace", args=[PYTHON, "main.py", *map(str, arguments)])
        config["root"]["path"] = str(self.root_file_system())
        config["mounts"].append({"destination": "/workspace", "type": "bind", "source": str(place), "options": ["bind", "rw"]})
        config["linux"].setdefault("resources", {}).update(memory={"limit": MEMORY}, pids={"limit": PROCESSES})
        (bundle / "config.json").write_text(json.dumps(config))
        return [self.program, "--root", self.state / "state", *self.flags, "run", "--bundle", bundle, self.id]

    def clean_up(self):
        subprocess.run([self.program, "--root", self.state / "state", *self.flags, "delete", "--force", self.id], capture_output=True)


class Runsc(Runc):
    name = "gVisor"
    how = "`runsc --network=none run`, with the same bundle"
    program = "runsc"
    flags = ("--network=none", "--platform=ptrace")
    own_kernel = True


class Docker(Image):
    name = "docker"
    how = "`docker run`, without other options"

    def __enter__(self):
        self.engine = docker_engine.Engine(self.root_file_system())
        self.engine.__enter__()
        return self

    def __exit__(self, *rest):
        self.engine.__exit__(*rest)

    def words(self, place, arguments):
        self.id = f"isolation-{secrets.token_hex(4)}"
        return [docker_engine.DOCKER, "-H", self.engine.socket, "run", "--rm", "--name", self.id, "--memory", MEMORY, "--pids-limit", PROCESSES,
                "-v", f"{place}:/workspace", "-w", "/workspace", docker_engine.IMAGE, PYTHON, "main.py", *arguments]

    def clean_up(self):
        subprocess.run([docker_engine.DOCKER, "-H", self.engine.socket, "rm", "--force", self.id], capture_output=True)


ALL = (Native, NativeWarm, Docker, Runc, Runsc, Bubblewrap, Nothing)
