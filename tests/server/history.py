"""One life of a server with a crash in it, as its clients see it: what was promised to them must hold afterwards.

Clients submit jobs of every kind and write down what the server acknowledged. The server dies at a failpoint. Another one
starts on the same data; what had no answer is asked again. When all has ended, check() compares.
"""
import base64
import collections
import contextlib
import hashlib
import http.client
import json
import random
import subprocess
import threading
import time
import uuid

import host
from event_stream import read_log
from local_web import LocalWeb
from server_process import Server

LOST = (OSError, http.client.HTTPException)  # no answer: it may have been done or not
CLIENTS = 4
CROWD = ("--rate", 10_000_000, "--max-active", 100_000, "--workers", 2, "--lease", 3, "--log-level", "warning")

QUICK = "print({nonce!r})"
FILES = """
text = open('/data/in.txt').read()
for number in range(3):
    open(f'out-{{number}}.txt', 'w').write(text * (number + 1))
print({nonce!r})
"""
UPLOADED = "import hashlib\nprint(hashlib.sha256(open('in.bin', 'rb').read()).hexdigest(), {nonce!r})"
SLOW = """
import time
for number in range(8):
    print(number, {nonce!r}, flush=True)
    time.sleep(0.1)
"""
FAILING = "print({nonce!r}, flush=True)\nraise ValueError({nonce!r})"
SLEEPING = "print({nonce!r}, flush=True)\nimport time\ntime.sleep(60)"

DRAIN_POINTS = ("before_release", "release_uncommitted", "after_release")
SWEEP_POINTS = ("before_file_removal", "after_job_removal")

CODES = {"quick": QUICK, "callback": QUICK, "files": FILES, "uploaded": UPLOADED, "slow": SLOW, "failing": FAILING,
         "sleeping": SLEEPING}
KINDS = tuple(CODES)
CODES["busy"] = "import time\ntime.sleep(2.5)\nprint({nonce!r})"


class Task:
    """A job as its submitter knows it."""

    def __init__(self, kind, rng):
        self.kind = kind
        self.nonce = f"{rng.getrandbits(64):016x}"
        self.data = rng.randbytes(rng.choice((0, 1, 1000, 200_000)))  # of its upload
        self.pause = rng.choice((0, 0, 0, 0.02, 0.1))  # before it is submitted
        self.has_key = rng.random() < 0.7 or kind == "sleeping"
        self.is_unsure = False    # without a key and without an answer: when it is sent again, it may be there twice
        self.upload = None        # what the server answered to that
        self.job_id = None        # acknowledged
        self.cancelled = False    # acknowledged
        self.callbacks = []

    def body(self, tag, web):
        body = {"code": CODES[self.kind].format(nonce=self.nonce), "env": {"HISTORY": tag}, "metadata": {"nonce": self.nonce}}
        if self.kind == "files":
            body["files"] = [{"path": "in.txt", "content": base64.b64encode(self.nonce.encode()).decode(), "encoding": "base64"}]
        if self.kind == "uploaded":
            body["files"] = [{"path": "in.bin", "file_id": self.upload["file_id"]}]
        if self.kind == "callback":
            body["callback_url"] = f"{web.url}/{self.nonce}"
        return body

    def stdout(self):
        if self.kind == "slow":
            return "".join(f"{number} {self.nonce}\n" for number in range(8))
        if self.kind == "uploaded":
            return f"{hashlib.sha256(self.data).hexdigest()} {self.nonce}\n"
        return self.nonce + "\n"

    def __repr__(self):
        return f"<{self.kind} {self.nonce} job {self.job_id}>"


class Broken(AssertionError):
    """A promise that was not kept."""


def expect(condition, *words):
    if not condition:
        raise Broken(" ".join(map(str, words)))


class History:
    def __init__(self, point, seed, database_flags=(), cgroups=None):
        self.rng = random.Random(f"{point}:{seed}")
        self.point = point
        self.tag = f"history-{uuid.uuid4().hex}"
        self.cgroups = cgroups
        self.tasks = [Task(kind, self.rng) for kind in (*KINDS, *self.rng.choices(KINDS, k=self.rng.randint(2, 6)))]
        self.rng.shuffle(self.tasks)
        self.flags = [*CROWD, *database_flags, *cgroups.flags]

    def run(self, data_dir, passes):
        """True if a server died at the failpoint, at its pass `passes`. If it is not reached, the server is killed all the same."""
        failing = {"PYSANDBOX_FAILPOINT": f"{self.point}:{passes}"}
        with LocalWeb() as self.web:
            self.flags += ["--allow-address", self.web.address]
            self.data_dir = data_dir
            if self.point in SWEEP_POINTS:
                reached = self.crash(self.live, {})
            else:
                reached = self.crash(self.live_until_drain if self.point in DRAIN_POINTS else self.live, failing,
                                     *("--drain-time", 0))
            with Server(*self.flags, data_dir=data_dir) as server:
                self.recover(server)
                self.check(server)
            self.check_host()
            if self.point in SWEEP_POINTS:
                reached = self.check_file_in_use(failing)
            self.check_sweep()
        return reached

    def crash(self, live, env, *flags):
        """True if the server died at its failpoint while it was used by `live`."""
        server = Server(*self.flags, *flags, data_dir=self.data_dir, env=env)
        try:
            try:
                server.start()
            except AssertionError:
                expect(server.process.poll() == -9, "the server did not start:", server.log())
                return True  # at something that it does while it starts
            live(server)
            code = server.process.poll()
            if code is None:
                server.kill()
            expect(code in (None, 0, -9), "the server ended with", code, server.log())
            return code == -9
        finally:
            server.clean()

    # BEFORE THE CRASH

    def live(self, server):
        """Gives the server work until it dies, or has ended all that it was given."""
        shares = [self.tasks[number::CLIENTS] for number in range(CLIENTS)]
        clients = [threading.Thread(target=self.work, args=(server, share)) for share in shares]
        for client in clients:
            client.start()
        for client in clients:
            client.join()
        self.end(server)

    def live_until_drain(self, server):
        """The same, but it gets SIGTERM in the middle."""
        clients = threading.Thread(target=self.live, args=(server,))
        clients.start()
        time.sleep(self.rng.uniform(0.1, 1.5))
        if server.process.poll() is None:
            server.process.terminate()
        clients.join()
        server.process.wait(20)

    def work(self, server, tasks):
        try:
            for task in tasks:
                time.sleep(task.pause)
                self.submit(server, task)
            for task in tasks:
                if task.kind == "sleeping":
                    self.cancel(server, task)
        except LOST:
            pass  # the rest is asked of the next server

    def end(self, server):
        """Waits for the death, or until nothing is left to do."""
        try:
            while server.process.poll() is None and not self.all_done(server):
                time.sleep(0.05)
        except LOST:
            server.process.wait(20)

    def all_done(self, server):
        jobs = server.get("/api/jobs?limit=200").json()["jobs"]
        return all(job["status"] in ("completed", "failed") and job["callback"] in ("none", "delivered") for job in jobs)

    def submit(self, server, task):
        if task.kind == "uploaded" and task.upload is None:
            task.upload = self.upload(server, task)
        if task.job_id is None:
            key = {"Idempotency-Key": task.nonce} if task.has_key else {}
            try:
                answer = server.post("/api/jobs", task.body(self.tag, self.web), key)
            except LOST:
                task.is_unsure = not task.has_key
                raise
            expect(answer.status == 200, "a submission was answered with", answer)
            task.job_id = answer.json()["job_id"]

    def upload(self, server, task):
        if self.rng.random() < 0.5:
            answer = server.request("PUT", "/api/files?filename=in.bin", task.data)
        else:
            head = b'--b\r\nContent-Disposition: form-data; name="file"; filename="in.bin"\r\n\r\n'
            answer = server.request("POST", "/api/files", head + task.data + b"\r\n--b--\r\n",
                                    {"Content-Type": "multipart/form-data; boundary=b"})
        expect(answer.status == 201, "an upload was answered with", answer)
        return answer.json()

    def cancel(self, server, task):
        answer = server.post(f"/api/jobs/{task.job_id}/cancel")
        expect(answer.status == 200 or answer.status == 409 and answer.json()["code"] == "already_ended",
               "a cancellation was answered with", answer)
        task.cancelled = True

    # AFTER IT

    def recover(self, server):
        for task in self.tasks:
            self.submit(server, task)
        for task in self.tasks:
            if task.kind == "sleeping" and not task.cancelled:
                self.cancel(server, task)
        for task in self.tasks:
            task.results = server.results(task.job_id)
        server.until(lambda: self.all_done(server), "a callback was not delivered")

    def check(self, server):
        self.check_jobs(server)
        for task in self.tasks:
            self.check_results(task)
            self.check_log(server, task)
            self.check_files(server, task)
            self.check_callback(server, task)

    def check_jobs(self, server):
        there = collections.defaultdict(list)
        for job in server.get("/api/jobs?limit=200").json()["jobs"]:
            there[job["metadata"]["nonce"]].append(job["job_id"])
        expect(set(there) == {task.nonce for task in self.tasks}, "all jobs are there, and no other:", there)
        for task in self.tasks:
            task.ids = there[task.nonce]
            expect(task.job_id in task.ids and len(task.ids) <= (2 if task.is_unsure else 1), task, "is there as", task.ids)

    def check_results(self, task):
        results = task.results
        if task.kind == "sleeping":
            expect(results["outcome"] == "cancelled", task, "was cancelled, but ended with", results)
            expect((results["stdout"] or "") in ("", task.stdout()), task, "printed", results["stdout"])
            return
        wanted = ("failed", "exception") if task.kind == "failing" else ("completed", "ok")
        expect((results["status"], results["outcome"]) == wanted, task, "ended with", results)
        expect(results["stdout"] == task.stdout(), task, "printed", results["stdout"])

    def check_log(self, server, task):
        log = read_log(server, task.job_id)
        expect([event.number for event in log] == list(range(1, len(log) + 1)), "numbers have gaps:", log)
        ends = [event for event in log if event.kind == "end"]
        expect(len(ends) == 1 and log[-1].kind == "end", task, "has not one end, at the end:", log)
        results = task.results
        expect(all(ends[0].data[name] == results[name] for name in ("status", "outcome", "exit_code")),
               "the end is not that of the results:", ends, results)
        files = [event.data["filename"] for event in log if event.kind == "file"]
        expect(sorted(files) == sorted(file["filename"] for file in results["files"]), task, "has files", files)
        printed = "".join(event.data["text"] for event in log[self.last_start(log):] if event.kind == "stdout")
        if task.kind != "sleeping":  # the worker of that may be dead when it is cancelled, and its output with it
            expect(printed == results["stdout"], task, "printed in its log", printed, "and not", results["stdout"])

    @staticmethod
    def last_start(log):
        return max((place for place, event in enumerate(log) if event.kind == "status" and event.data["status"] == "running"),
                   default=0)

    def check_files(self, server, task):
        if task.kind == "files":
            expect(sorted(file["filename"] for file in task.results["files"]) == [f"out-{number}.txt" for number in range(3)],
                   task, "left", task.results["files"])
        for file in task.results["files"]:
            answer = server.get(f"/api/jobs/{task.job_id}/files/{file['id']}")
            wanted = task.nonce.encode() * (int(file["filename"][4]) + 1)
            expect(answer.status == 200 and answer.body == wanted, file, "is", answer)
            expect(hashlib.sha256(wanted).hexdigest() == file["sha256"], file, "has another digest")
        if task.upload is not None:
            answer = server.get(task.upload["url"])
            expect(answer.status == 200 and answer.body == task.data, "the upload", task.upload, "is", answer)

    def check_callback(self, server, task):
        if task.kind != "callback":
            return
        status = server.get(f"/api/jobs/{task.job_id}/status").json()
        expect(status["callback"] == "delivered", task, "has the callback", status["callback"])
        told = [json.loads(call.body) for call in self.web.calls if call.path == f"/{task.nonce}"]
        expect({one["job_id"] for one in told} == set(task.ids), task, "was told of as", told)
        expect(all(one["stdout"] == task.stdout() for one in told), task, "was told of wrongly:", told)

    def check_host(self):
        """After the second server has ended."""
        expect(host.settled(lambda: host.processes_with(self.tag), []) == [], "programs are left")
        expect(host.settled(self.cgroups.processes, []) == [], "processes are left in cgroups")
        for directory in ("incoming", "spool"):
            for place in self.data_dir.rglob(directory):
                expect(host.files_below(place) == [], "there are left in", place, host.files_below(place))

    # SWEEPS

    def check_file_in_use(self, env):
        """A server that removes old files dies over it. The old file that a waiting job needs stays for it."""
        task = Task("uploaded", self.rng)
        self.tasks = [Task("busy", self.rng), Task("busy", self.rng), task]
        with Server(*self.flags, "--drain-time", 0, data_dir=self.data_dir) as server:
            for one in self.tasks:
                self.submit(server, one)
        time.sleep(1.1)  # now it is old
        flags = ["--file-retention", 1]
        more = ["--job-retention", 1] if self.point == "after_job_removal" else []
        reached = self.crash(self.wait_for_death, env, *flags, *more)
        with Server(*self.flags, *flags, data_dir=self.data_dir) as server:
            task.results = server.results(task.job_id)
            self.check_results(task)
        return reached

    @staticmethod
    def wait_for_death(server):
        with contextlib.suppress(subprocess.TimeoutExpired):
            server.process.wait(5)

    def check_sweep(self):
        """What a dead attempt kept belongs to nobody; it goes with all that is old."""
        with Server(*self.flags, "--file-retention", 1, "--job-retention", 1, data_dir=self.data_dir) as server:
            server.until(lambda: not self.stored_files(), "old files stay")
            server.until(lambda: server.get("/api/jobs").json()["jobs"] == [], "old jobs stay")

    def stored_files(self):
        return [path for path in self.data_dir.glob("files/*/*") if path.is_file()]
