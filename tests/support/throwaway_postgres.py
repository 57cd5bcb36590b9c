#!/usr/bin/env python3
"""A PostgreSQL server in a temporary directory, behind a unix socket, for as long as something runs.

    throwaway_postgres.py [-n COUNT] COMMAND...    runs COMMAND with the URLs of COUNT empty databases behind it

In Python: with ThrowawayPostgres() as server: url = server.new_database()

It runs as the user postgres (or nobody) if this runs as root, whom PostgreSQL refuses.
"""

import argparse
import ctypes
import glob
import os
import pwd
import shutil
import signal
import subprocess
import sys
import tempfile
import time

PR_SET_PDEATHSIG = 1


def program(name):
    """Debian keeps the programs of a server out of PATH."""
    found = sorted(glob.glob(f"/usr/lib/postgresql/*/bin/{name}"))
    if not found:
        raise FileNotFoundError(f"PostgreSQL's {name} is not installed; install the package postgresql")
    return found[-1]


def server_user():
    if os.geteuid() != 0:
        return None
    try:
        return pwd.getpwnam("postgres")
    except KeyError:
        return pwd.getpwnam("nobody")


class ThrowawayPostgres:
    def __enter__(self):
        self.directory = tempfile.mkdtemp(prefix="pysandbox-test-")
        self.server = None
        self.databases = 0
        try:
            self._make()
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_):
        self.stop()
        shutil.rmtree(self.directory, ignore_errors=True)

    def new_database(self):
        self.databases += 1
        name = f"test_{self.databases}"
        self.sql(self._url("postgres"), f"CREATE DATABASE {name}")
        return self._url(name)

    def sql(self, url, statements):
        """Runs SQL in a database and gives the rows as psql prints them: values between '|', rows in lines."""
        command = [program("psql"), url, "--no-psqlrc", "-qAt", "-v", "ON_ERROR_STOP=1", "-c", statements]
        return subprocess.run(command, check=True, capture_output=True, text=True).stdout.rstrip("\n")

    def start(self):
        command = [program("postgres"), "-D", self.data, "-k", self.directory, "-c", "listen_addresses="]
        self.server = self._popen(command)
        ready = [program("psql"), self._url("postgres"), "-c", "SELECT 1"]
        while subprocess.run(ready, capture_output=True, check=False).returncode != 0:
            if self.server.poll() is not None:
                raise RuntimeError("PostgreSQL has not started: " + self._log())
            time.sleep(0.02)

    def stop(self):
        """At once; connections are cut."""
        if self.server is not None and self.server.poll() is None:
            self.server.send_signal(signal.SIGINT)
            self.server.wait()

    def _make(self):
        self.data = self.directory + "/data"
        if user := server_user():
            os.chown(self.directory, user.pw_uid, user.pw_gid)
        command = [program("initdb"), f"--pgdata={self.data}", "--username=postgres", "--auth=trust", "--no-locale",
                   "--encoding=UTF8", "--no-sync"]
        if self._popen(command).wait() != 0:
            raise RuntimeError("initdb: " + self._log())
        self.start()

    def _url(self, name):
        return f"postgresql:///{name}?host={self.directory}&user=postgres"

    def _log(self):
        with open(self.directory + "/log", encoding="utf-8", errors="replace") as log:
            return log.read()

    def _popen(self, command):
        user = server_user()
        libc = ctypes.CDLL(None)

        def become_server():
            if user:
                os.setgid(user.pw_gid)
                os.setuid(user.pw_uid)
            libc.prctl(PR_SET_PDEATHSIG, signal.SIGQUIT)  # it ends with this process, whatever happens to it

        with open(self.directory + "/log", "ab") as log:
            return subprocess.Popen(command, cwd="/", stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                                    preexec_fn=become_server)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("-n", type=int, default=1, help="how many databases")
    parser.add_argument("command", nargs=argparse.REMAINDER)
    arguments = parser.parse_args()
    with ThrowawayPostgres() as server:
        urls = [server.new_database() for _ in range(arguments.n)]
        return subprocess.run(arguments.command + urls, check=False).returncode


if __name__ == "__main__":
    sys.exit(main())
