"""A PostgreSQL of its own for a test, on a unix socket in a temporary directory."""

import glob
import os
import pathlib
import pwd
import shutil
import subprocess
import tempfile
import time


def program(name):
    found = sorted(glob.glob(f"/usr/lib/postgresql/*/bin/{name}"))  # where Debian has them, out of PATH
    return found[-1] if found else None


def missing():
    return not (program("initdb") and program("postgres"))


class Postgres:
    def __enter__(self):
        self.dir = pathlib.Path(tempfile.mkdtemp(prefix="pysandbox-postgres-test-"))
        self.user = {}
        if os.geteuid() == 0:  # it does not run as root
            user = pwd.getpwnam("postgres")
            os.chown(self.dir, user.pw_uid, user.pw_gid)
            self.user = {"user": user.pw_uid, "group": user.pw_gid, "extra_groups": []}
        subprocess.run([program("initdb"), f"--pgdata={self.dir}/data", "--username=postgres", "--auth=trust", "--no-locale",
                        "--encoding=UTF8", "--no-sync"], check=True, capture_output=True, cwd="/", **self.user)
        self.start()
        return self

    def __exit__(self, *_):
        self.stop()
        shutil.rmtree(self.dir, ignore_errors=True)

    @property
    def url(self):
        return f"postgresql:///postgres?host={self.dir}&user=postgres"

    def start(self):
        with open(self.dir / "log", "ab") as log:
            self.process = subprocess.Popen(
                [program("postgres"), "-D", f"{self.dir}/data", "-k", str(self.dir), "-c", "listen_addresses=", "-c",
                 "shared_buffers=16MB"], stdin=subprocess.DEVNULL, stdout=log, stderr=log, cwd="/", **self.user)
        ready = [program("pg_isready"), "--host", str(self.dir), "--quiet"]
        while subprocess.run(ready, cwd="/").returncode != 0:
            if self.process.poll() is not None:
                raise AssertionError((self.dir / "log").read_text())
            time.sleep(0.02)

    def stop(self):
        if self.process.poll() is None:
            self.process.send_signal(2)  # its "fast" way
            self.process.wait()
