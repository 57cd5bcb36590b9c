"""A PostgreSQL of a test's own, on a free port of loopback: real, and gone afterwards.

    with Postgres() as database:
        Server("--database-url", database.url)

PostgreSQL refuses to run as root; then it runs as the user that its package made, or as nobody.
"""
import os
import pathlib
import pwd
import shutil
import signal
import socket
import subprocess
import tempfile
import time

PATIENCE = 60  # seconds until something counts as hanging


def programs():
    """Where initdb and postgres are, or None."""
    places = sorted(pathlib.Path("/usr/lib/postgresql").glob("*/bin"), key=lambda path: -int(path.parent.name))
    for place in [*places, *map(pathlib.Path, os.environ.get("PATH", "").split(":"))]:
        if (place / "initdb").exists() and (place / "postgres").exists():
            return place
    return None


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class Postgres:
    """`settings` are those of postgresql.conf, as "name=value"."""

    def __init__(self, *settings):
        self.bin = programs()
        self.settings = settings
        self.place = pathlib.Path(tempfile.mkdtemp(prefix="pysandbox-postgres-"))
        self.port = free_port()
        self.process = None
        self.as_user = {}
        if os.geteuid() == 0:
            user = self.user()
            self.as_user = {"user": user.pw_uid, "group": user.pw_gid, "extra_groups": []}
            os.chown(self.place, user.pw_uid, user.pw_gid)

    @staticmethod
    def user():
        try:
            return pwd.getpwnam("postgres")
        except KeyError:
            return pwd.getpwnam("nobody")

    @property
    def url(self):
        return f"postgres://pysandbox@127.0.0.1:{self.port}/postgres"

    def __enter__(self):
        try:
            subprocess.run([self.bin / "initdb", "-D", self.place / "data", "-U", "pysandbox", "-A", "trust", "-E", "UTF8",
                            "--locale=C", "--no-sync", "--no-instructions"],
                           check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, cwd="/", **self.as_user)
            self.start()
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_):
        try:
            if self.process is not None:
                self.stop()
        finally:
            shutil.rmtree(self.place, ignore_errors=True)

    def start(self):
        """Starts it, also again after stop(), and returns once it takes connections."""
        words = [self.bin / "postgres", "-D", self.place / "data", "-p", str(self.port), "-h", "127.0.0.1", "-k", self.place]
        for setting in self.settings:
            words += ["-c", setting]
        with open(self.place / "log", "ab") as log:
            self.process = subprocess.Popen(words, stdin=subprocess.DEVNULL, stdout=log, stderr=log, cwd="/", **self.as_user)
        deadline = time.monotonic() + PATIENCE
        while not self.is_ready():
            if self.process.poll() is not None or time.monotonic() > deadline:
                raise AssertionError("PostgreSQL did not start:\n" + (self.place / "log").read_text(errors="replace"))
            time.sleep(0.05)

    def is_ready(self):
        return subprocess.run([self.bin / "pg_isready", "-q", "-h", "127.0.0.1", "-p", str(self.port)]).returncode == 0

    def stop(self):
        """Ends it at once, and every connection with it."""
        self.process.send_signal(signal.SIGINT)
        try:
            self.process.wait(PATIENCE)
        except subprocess.TimeoutExpired:
            self.process.send_signal(signal.SIGQUIT)
            self.process.wait()
        self.process = None


def require(test):
    """Without PostgreSQL `test` is skipped, and fails in CI."""
    if programs() is not None:
        return
    if os.environ.get("CI"):
        test.fail("CI has PostgreSQL")
    test.skipTest("there is no PostgreSQL here: install the package postgresql")
