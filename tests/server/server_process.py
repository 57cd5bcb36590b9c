"""A pysandbox-server of its own for a test, on a free port of loopback and with a new data directory.

    with Server() as server:
        answer = server.get("/health")
        answer.status, answer.headers["content-type"], answer.body, answer.json()

At the end of the `with` it gets SIGTERM and must exit with 0. PYSANDBOX_SERVER names the program.
"""

import http.client
import json
import os
import pathlib
import shutil
import signal
import subprocess
import tempfile
import time

PROGRAM = os.environ.get("PYSANDBOX_SERVER", "")

# Nothing of the tester's own settings reaches a server under test.
CLEAN = {name: value for name, value in os.environ.items() if not name.startswith("PYSANDBOX_") and name != "DATABASE_URL"}

PATIENCE = 60  # seconds until something counts as hanging; no test measures with it


class Answer:
    def __init__(self, response):
        self.status = response.status
        self.headers = {name.lower(): value for name, value in response.getheaders()}
        self.body = response.read()

    def json(self):
        return json.loads(self.body)

    def __repr__(self):
        return f"{self.status} {self.headers} {self.body[:2000]!r}"


class Server:
    """`flags` go to the program behind `--listen`, `--port-file` and `--data-dir`. With `data_dir` it uses that one and
    leaves it there: for a second server on the same data, or the same one again."""

    def __init__(self, *flags, data_dir=None, env=None, key=None):
        self.flags = [str(flag) for flag in flags]
        self.env = {**CLEAN, **(env or {})}
        self.key = key  # sent with every request
        self.own_place = pathlib.Path(tempfile.mkdtemp(prefix="pysandbox-server-test-"))
        self.data_dir = pathlib.Path(data_dir) if data_dir else self.own_place / "data"
        self.stderr = self.own_place / "stderr"
        self.process = None
        self.port = None

    def __enter__(self):
        try:
            self.start()
        except BaseException:
            self.clean()
            raise
        return self

    def __exit__(self, kind, *rest):
        try:
            if self.process is not None:
                code = self.stop()
                if kind is None and code != 0:
                    raise AssertionError(f"the server exited with {code} after SIGTERM:\n{self.last_lines()}")
        finally:
            self.clean()

    def start(self):
        """Starts it and returns once it listens."""
        port_file = self.own_place / "port"
        port_file.unlink(missing_ok=True)
        words = [PROGRAM, "--listen", "127.0.0.1:0", "--port-file", str(port_file), "--data-dir", str(self.data_dir)]
        with open(self.stderr, "ab") as stderr:
            self.process = subprocess.Popen(words + self.flags, env=self.env, stdin=subprocess.DEVNULL,
                                            stdout=stderr, stderr=stderr)
        self.port = int(self.until(lambda: port_file.exists() and port_file.read_text(), "it wrote no port file"))

    @property
    def url(self):
        return f"http://127.0.0.1:{self.port}"

    def stop(self):
        """Ends it by SIGTERM; returns its exit code."""
        self.process.send_signal(signal.SIGTERM)
        return self.wait()

    def kill(self):
        """Ends it as a crash would."""
        self.process.kill()
        return self.wait()

    def wait(self):
        try:
            code = self.process.wait(PATIENCE)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
            raise AssertionError(f"the server did not end:\n{self.last_lines()}") from None
        self.process = None
        return code

    def clean(self):
        if self.process is not None:
            self.kill()
        shutil.rmtree(self.own_place, ignore_errors=True)

    def log(self):
        """What it has written so far."""
        return self.stderr.read_text(errors="replace")

    def last_lines(self):
        return "\n".join(self.log().splitlines()[-30:])

    def until(self, look, complaint):
        """The first true answer of `look`, asked again and again while the server lives."""
        deadline = time.monotonic() + PATIENCE
        while True:
            if found := look():
                return found
            if self.process is None or self.process.poll() is not None:
                raise AssertionError(f"the server has ended, {complaint}:\n{self.last_lines()}")
            if time.monotonic() > deadline:
                raise AssertionError(f"{complaint}:\n{self.last_lines()}")
            time.sleep(0.02)

    # REQUESTS, each on a connection of its own

    def request(self, method, target, body=None, headers=None):
        """`body`: bytes or text as they are; anything else is sent as JSON."""
        fields = {"X-API-Key": self.key} if self.key else {}
        if body is not None and not isinstance(body, (bytes, str)):
            body = json.dumps(body)
            fields["Content-Type"] = "application/json"
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=PATIENCE)
        try:
            connection.request(method, target, body.encode() if isinstance(body, str) else body, {**fields, **(headers or {})})
            return Answer(connection.getresponse())
        finally:
            connection.close()

    def get(self, target, headers=None):
        return self.request("GET", target, headers=headers)

    def post(self, target, body=None, headers=None):
        return self.request("POST", target, body, headers)

    def delete(self, target, headers=None):
        return self.request("DELETE", target, headers=headers)

    # JOBS

    def submit(self, code, headers=None, **more):
        """The id of a new job."""
        answer = self.post("/api/jobs", {"code": code, **more}, headers)
        if answer.status not in (200, 202):
            raise AssertionError(answer)
        return answer.json()["job_id"]

    def results(self, job_id, headers=None):
        """How a job ended, once it has."""

        def look():
            answer = self.get(f"/api/jobs/{job_id}/results", headers)
            if answer.status == 400 and answer.json()["code"] == "not_completed":
                return None
            if answer.status != 200:
                raise AssertionError(answer)
            return answer.json()

        return self.until(look, f"job {job_id} did not end")


def run_program(*words, env=None, **options):
    """Runs the program to its end, for what is no server: `key create`, `--print-config`, a refusal to start."""
    return subprocess.run([PROGRAM, *map(str, words)], env={**CLEAN, **(env or {})}, stdin=subprocess.DEVNULL,
                          capture_output=True, text=True, timeout=PATIENCE, **options)
