"""Our own sides: in process, by the command line, over HTTP with SQLite and with PostgreSQL."""
import json
import pathlib
import subprocess
import sys

from block_driver import CLEAN, BlockDriver
from contender import CannotRun, Contender, Program
from workloads import MEMORY_MIB, PROCESSES, Seen

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "tests/server"))
import server_process  # noqa: E402
import throwaway_postgres  # noqa: E402

POOL = 64  # parked containers
POOL_MEMORY = 2 << 30
OPEN_HOUSE = ("--rate", 10_000_000, "--max-active", 10_000_000, "--max-queued", 10_000_000, "--log-level", "warning")


def features_of(isolation):
    """What a result says really isolated it, in the words of the matrix."""
    names = isolation.get("namespaces", [])
    cgroup = isolation.get("limits") == "cgroup"
    return {
        "namespaces": ", ".join(names), "network off": "yes" if "net" in names else "no", "read-only root": "yes",
        "system-call filter": f"{isolation.get('seccomp')}" + (f", Landlock {isolation['landlock_abi']}" if isolation.get("landlock_abi") else ""),
        "no capabilities": "yes", "user id of its own": "yes" if isolation.get("unique_uid") else "no",
        "memory limit": "cgroup" if cgroup else "watchdog", "process limit": "cgroup" if cgroup else "rlimit", "time limit": "yes",
        "kernel of its own": "no", "address layout of its own": "no, one for each zygote" if is_warm(isolation) else "yes",
        "files handed back": "yes, hashed", "the fate as data": "yes"}


def is_warm(isolation):
    """Whether a result says that its interpreter was parked before its job came."""
    return isolation.get("start") == "warm"


def has_pool(place):
    """Whether this build can keep containers parked."""
    return subprocess.run([place.bin / "bench_driver", "--pool", "1"], stdin=subprocess.DEVNULL, capture_output=True).returncode == 0


def limits(workload):
    seconds = workload.time_limit_s
    return {"time_limit": seconds, "cpu_time_limit": max(seconds, 1.0) + 1, "memory_bytes": MEMORY_MIB << 20, "processes": PROCESSES,
            **workload.limits}


def seen_in(result):
    code = result["exit_code"]
    return Seen(code if code is not None else -9, result["stdout"] or "", result["stderr"] or "", False, result["outcome"], result)


def preloads(flag, place):
    """What an operator would have parked interpreters load, for an environment with it."""
    return [word for name in place.modules for word in (flag, name) if place.environment]


class InProcess(Contender):
    """Sandbox::run in a C++ program. It keeps containers parked if the build can: as many as a block has runs."""
    name = "pysandbox, in process"
    ours = True
    settle_s = 1.0  # the first run of an environment starts cold, and others are parked behind it

    def __init__(self, place, pool=POOL):
        super().__init__(place)
        self.pool = pool

    def __enter__(self):
        kept = self.place.scratch / "kept"
        kept.mkdir(exist_ok=True)
        flags = ["--files", kept]
        if has_pool(self.place):
            flags += ["--pool", self.pool, "--pool-memory-bytes", POOL_MEMORY, *preloads("--preload", self.place)]
        if self.place.environments:
            flags += ["--environments", self.place.environments]
        self.own_driver = BlockDriver(str(self.place.bin / "bench_driver"), *map(str, flags))
        self.own_driver.__enter__()
        return self

    def __exit__(self, *rest):
        self.own_driver.__exit__(*rest)

    def driver(self):
        return self.own_driver

    def why_not(self, workload):
        return f"no {workload.needs}: {self.place.made.reason}" if workload.needs and workload.needs not in self.place.modules else None

    def block(self, workload):
        request = {"code": workload.code, "limits": limits(workload)}
        if workload.input:
            request["inputs"] = [{"path": workload.input, "source": str(self.place.directory(workload) / workload.input)}]
        if workload.needs:
            request["environment"] = self.place.environment
        return [("side", "sandbox"), ("request", json.dumps(request))]

    def seen(self, sample):
        return seen_in(json.loads(sample.text))


class Fresh(InProcess):
    """The same for whoever asks for an interpreter that shares nothing with others."""
    name = "pysandbox, in process, fresh"
    only = ("W1", "W2", "W3", "W4")
    settle_s = 0.0

    def __init__(self, place, warm):
        super().__init__(place)
        self.own_driver = warm.driver()

    def __enter__(self):
        return self

    def __exit__(self, *rest):
        pass

    def block(self, workload):
        return [(key, json.dumps({**json.loads(value), "isolation": "fresh"}) if key == "request" else value)
                for key, value in super().block(workload)]


class CommandLine(Program):
    """`pysandbox run`, without a server: a new process for each job."""
    name = "pysandbox run"
    ours = True

    def why_not(self, workload):
        return f"no {workload.needs}: {self.place.made.reason}" if workload.needs and workload.needs not in self.place.modules else None

    def words(self, workload):
        flags = [word for name, value in limits(workload).items() for word in ("--limit", f"{name}={value}")]
        data = ["--data", self.place.directory(workload) / workload.input] if workload.input else []
        environment = ["--environment", self.place.environment, "--environment-store", self.place.environments] if workload.needs else []
        return [self.place.bin / "pysandbox", "run", "-q", *flags, *data, *environment, "-c", workload.code]

    def block(self, workload):
        # It keeps its time limit itself; should it not, this ends it, and the check says so.
        return [(key, int((workload.time_limit_s + 10) * 1000) if key == "deadline_ms" else value)
                for key, value in super().block(workload)]

    def seen(self, sample):
        seen = super().seen(sample)
        if seen.killed:
            seen.stdout = ""
        return seen


class Service(InProcess):
    """pysandbox-server on loopback: POST /api/jobs with `wait`, over connections that stay open. Each job is on the disk
    before it runs, and its result before it is answered."""

    def __init__(self, place, driver):
        super().__init__(place)
        self.own_driver = driver

    def server_flags(self):
        return []

    def pool_flags(self):
        return ["--pool-max", self.pool, "--pool-min", self.pool, "--pool-memory-bytes", POOL_MEMORY, *preloads("--pool-preload", self.place)]

    def __enter__(self):
        server_process.PROGRAM = str(self.place.bin / "pysandbox-server")
        environments = ["--environment-dir", self.place.environments] if self.place.environments else []
        self.server = server_process.Server(*OPEN_HOUSE, *environments, *self.pool_flags(), *self.server_flags(), env={"PATH": CLEAN["PATH"]},
                                            data_dir=self.place.scratch / f"data-{type(self).__name__}")
        self.server.__enter__()
        self.uploads = {}
        return self

    def __exit__(self, *rest):
        self.server.__exit__(*rest)

    def block(self, workload):
        body = {"code": workload.code, "timeout": workload.time_limit_s, "wait": True,
                "limits": {key: value for key, value in limits(workload).items() if key != "time_limit"}}
        if workload.input:
            body["files"] = [{"path": workload.input, "file_id": self._upload(self.place.directory(workload) / workload.input)}]
        if workload.needs:
            body["environment"] = self.place.environment
        return [("side", "http"), ("port", self.server.port), ("body", json.dumps(body))]

    def _upload(self, file):
        if file not in self.uploads:
            answer = self.server.request("PUT", f"/api/files?filename={file.name}", file.read_bytes())
            if answer.status != 201:
                raise CannotRun(f"the upload was answered with {answer}")
            self.uploads[file] = answer.json()["file_id"]
        return self.uploads[file]

    def seen(self, sample):
        if sample.status != 200:
            return Seen(-1, "", f"HTTP {sample.status}: {sample.text[:300]}")
        return seen_in(json.loads(sample.text))


class ServiceOnSqlite(Service):
    name = "pysandbox-server, SQLite"


class ServiceOnPostgres(Service):
    name = "pysandbox-server, PostgreSQL"

    def __enter__(self):
        if throwaway_postgres.missing():
            raise CannotRun("PostgreSQL is not installed; install the package postgresql")
        self.database = throwaway_postgres.Postgres()
        self.database.__enter__()
        try:
            return super().__enter__()
        except BaseException:
            self.database.__exit__()
            raise

    def __exit__(self, *rest):
        try:
            super().__exit__(*rest)
        finally:
            self.database.__exit__()

    def server_flags(self):
        return ["--database-url", self.database.url]
