"""The server among others: several on one PostgreSQL, behind nginx, under systemd."""

import json
import os
import pathlib
import shutil
import subprocess
import tempfile
import unittest

import throwaway_postgres
from server_process import PROGRAM, Server

ROOT = pathlib.Path(__file__).resolve().parents[2]
CI = bool(os.environ.get("CI"))


def needs(test, missing, what):
    if missing and CI:
        raise RuntimeError(f"{what} is missing; install it")
    if missing:
        test.skipTest(f"{what} is missing")


class OnOnePostgres(unittest.TestCase):
    def setUp(self):
        needs(self, throwaway_postgres.missing(), "PostgreSQL")
        place = tempfile.TemporaryDirectory()
        self.addCleanup(place.cleanup)
        self.postgres = throwaway_postgres.Postgres()
        self.postgres.__enter__()
        self.addCleanup(self.postgres.__exit__)
        self.flags = ["--database-url", self.postgres.url, "--workers", 1, "--lease", 3]
        self.data = pathlib.Path(place.name) / "data"

    def test_two_servers_share_the_queue_and_outlive_each_other(self):
        first = Server(*self.flags, data_dir=self.data)
        first.start()
        self.addCleanup(first.clean)
        with Server(*self.flags, data_dir=self.data) as second:
            code = "import time; time.sleep(0.05); open('a', 'w').write('b'); print('done')"
            jobs = [first.submit(code) for _ in range(20)]
            second.results(jobs[-1])
            counted = [server.get("/metrics").body.decode().partition('pysandbox_jobs_total{outcome="ok"} ')[2].split("\n")[0]
                       for server in (first, second)]
            self.assertNotIn("", counted, "one server did all the work")
            self.assertEqual(second.get(second.results(jobs[0])["files"][0]["url"]).body, b"b")

            running = first.submit("import time; time.sleep(600)", timeout=700)
            waiting = [first.submit("print('done')") for _ in range(5)]
            first.kill()
            second.until(lambda: second.get(f"/api/jobs/{running}").json()["status"] == "running", "nobody runs it")
            second.post(f"/api/jobs/{running}/cancel")
            for job in waiting:
                self.assertEqual(second.results(job)["stdout"], "done\n")

    def test_a_database_that_goes_away_comes_back_by_itself(self):
        with Server(*self.flags, data_dir=self.data) as server:
            job = server.submit("print('before')")
            server.results(job)
            self.postgres.stop()
            answer = server.until(lambda: (found := server.post("/api/jobs", {"code": "1"})).status == 503 and found, "it took a job")
            self.assertEqual(answer.json()["code"], "unavailable")
            self.assertIn("retry-after", answer.headers)
            server.until(lambda: server.get("/ready").json()["checks"]["store"] == "unavailable", "it stayed ready")
            self.assertEqual(server.get("/health").status, 200)
            self.assertEqual(server.get("/metrics").status, 200)
            self.postgres.start()
            server.until(lambda: server.get("/ready").status == 200, "it did not come back")
            self.assertEqual(server.results(job)["stdout"], "before\n")
            server.results(server.submit("print('after')"))


class BehindNginx(unittest.TestCase):
    """The configuration that the manual gives, with ports and places of the test."""

    def setUp(self):
        needs(self, shutil.which("nginx", path=os.environ["PATH"] + ":/usr/sbin") is None, "nginx")
        needs(self, shutil.which("openssl") is None, "openssl")
        place = tempfile.TemporaryDirectory()
        self.addCleanup(place.cleanup)
        self.dir = pathlib.Path(place.name)
        self.server = Server("--allow-host", "run.example.org")
        self.server.__enter__()
        self.addCleanup(self.server.__exit__, None)
        self.start_nginx()

    def start_nginx(self):
        subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-keyout",
                        self.dir / "key", "-out", self.dir / "cert", "-days", "2", "-subj", "/CN=run.example.org"],
                       check=True, capture_output=True)
        site = (ROOT / "deploy/nginx.conf").read_text()
        for given, ours in (("listen 443 ssl", f"listen unix:{self.dir}/socket ssl"), ("127.0.0.1:3004", f"127.0.0.1:{self.server.port}"),
                            ("/etc/ssl/run.example.org.pem", f"{self.dir}/cert"), ("/etc/ssl/run.example.org.key", f"{self.dir}/key")):
            self.assertIn(given, site)
            site = site.replace(given, ours)
        places = "".join(f"{kind}_temp_path {self.dir}/{kind};" for kind in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi"))
        (self.dir / "nginx.conf").write_text(
            f"daemon off; pid {self.dir}/pid; error_log {self.dir}/error.log; events {{}} http {{ access_log off; {places} {site} }}")
        nginx = [shutil.which("nginx", path=os.environ["PATH"] + ":/usr/sbin"), "-c", str(self.dir / "nginx.conf"), "-e", f"{self.dir}/error.log"]
        tried = subprocess.run([*nginx, "-t"], capture_output=True, text=True)
        self.assertEqual(tried.returncode, 0, tried.stderr)
        self.nginx = subprocess.Popen(nginx, stderr=subprocess.DEVNULL)
        self.addCleanup(self.stop_nginx)
        self.server.until(lambda: (self.dir / "socket").exists(), "nginx did not start")

    def stop_nginx(self):
        self.nginx.terminate()
        self.nginx.wait()

    def curl(self, target, *words):
        done = subprocess.run(["curl", "--silent", "--insecure", "--unix-socket", self.dir / "socket", "--no-buffer", "--max-time", "120",
                               *words, f"https://run.example.org{target}"], capture_output=True)
        self.assertEqual(done.returncode, 0, done)
        return done.stdout

    def test_jobs_files_and_waiting_go_through(self):
        needs(self, shutil.which("curl") is None, "curl")
        big = self.dir / "big"
        big.write_bytes(bytes(range(256)) * 20_000)  # beyond nginx's own default of 1 MB
        upload = json.loads(self.curl("/api/files", "-F", f"file=@{big}"))
        body = {"code": "print(len(open('big', 'rb').read()))\nopen('out', 'wb').write(open('big', 'rb').read())",
                "data_urls": [upload["url"]], "wait": True}
        results = json.loads(self.curl("/api/jobs", "-H", "Content-Type: application/json", "-d", json.dumps(body)))
        self.assertEqual(results["stdout"], "5120000\n")
        self.assertEqual(self.curl(results["files"][0]["url"]), big.read_bytes())

    def test_events_arrive_while_the_job_runs(self):
        needs(self, shutil.which("curl") is None, "curl")
        job = self.server.submit("import time\nprint('first', flush=True)\ntime.sleep(600)", timeout=700)
        watcher = subprocess.Popen(["curl", "--silent", "--insecure", "--unix-socket", self.dir / "socket", "--no-buffer", "--max-time", "120",
                                    f"https://run.example.org/api/jobs/{job}/events"], stdout=subprocess.PIPE)
        self.addCleanup(watcher.wait)
        self.addCleanup(watcher.stdout.close)
        self.addCleanup(watcher.kill)
        for line in watcher.stdout:
            if b"first" in line:
                break
        self.assertEqual(self.server.get(f"/api/jobs/{job}").json()["status"], "running")
        self.server.delete(f"/api/jobs/{job}")
        self.assertIn(b"event: end", watcher.stdout.read())


class UnderSystemd(unittest.TestCase):
    def test_the_unit_is_one(self):
        needs(self, shutil.which("systemd-analyze") is None, "systemd-analyze")
        with tempfile.TemporaryDirectory() as place:
            unit = pathlib.Path(place) / "pysandbox-server.service"
            text = (ROOT / "deploy/pysandbox-server.service").read_text()
            self.assertIn("/usr/bin/pysandbox-server", text)
            unit.write_text(text.replace("/usr/bin/pysandbox-server", PROGRAM))
            done = subprocess.run(["systemd-analyze", "verify", "--man=no", unit], capture_output=True, text=True)
            self.assertEqual((done.returncode, done.stderr), (0, ""))


if __name__ == "__main__":
    unittest.main()
