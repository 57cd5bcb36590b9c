"""The program pysandbox-server as its operator sees it: how it starts, what it tells, whom it lets in, how it ends."""

import json
import os
import pathlib
import re
import signal
import socket
import stat
import tempfile
import unittest

from server_process import CLEAN, Server, run_program

ROOT = pathlib.Path(__file__).resolve().parents[2]
SLEEPER = {"code": "import time; time.sleep(600)", "timeout": 700}


class Service(unittest.TestCase):
    def setUp(self):
        place = tempfile.TemporaryDirectory()
        self.addCleanup(place.cleanup)
        self.dir = pathlib.Path(place.name)

    def write(self, name, text):
        path = self.dir / name
        path.write_text(text)
        return path

    def start(self, *flags, **options):
        server = Server(*flags, **options)
        server.__enter__()
        self.addCleanup(lambda: server.__exit__(None))
        return server

    def refused(self, *words, code=2, **options):
        """The one line with which it refuses to start."""
        done = run_program("--data-dir", self.dir / "data", *words, **options)
        self.assertEqual(done.returncode, code, done)
        self.assertEqual(done.stdout, "")
        self.assertEqual(done.stderr.count("\n"), 1, done.stderr)
        self.assertTrue(done.stderr.startswith("pysandbox-server: "), done.stderr)
        return done.stderr


class Starting(Service):
    def test_it_says_where_with_what_and_for_whom_in_one_line(self):
        server = self.start("--workers", 3)
        first = server.log().splitlines()[0]
        for part in (f"url={server.url}", f"sqlite:{server.data_dir}/jobs.sqlite", "native", "seccomp", "workers=3", "without a key"):
            self.assertIn(part, first)

    def test_its_data_is_for_its_user_alone(self):
        server = self.start()
        server.results(server.submit("open('a', 'w').write('x')"))
        self.assertEqual(stat.S_IMODE(server.data_dir.stat().st_mode), 0o700)
        for path in server.data_dir.rglob("*"):
            if "environments" in path.relative_to(server.data_dir).parts:
                continue  # jobs read them, under user ids of their own; what is above keeps all others out
            self.assertEqual(stat.S_IMODE(path.stat().st_mode) & 0o077, 0, path)

    def test_data_lies_below_the_home_unless_somebody_says_otherwise(self):
        home = {"HOME": str(self.dir), "XDG_DATA_HOME": ""}
        self.assertIn(f'data-dir = "{self.dir}/.local/share/pysandbox"', run_program("--print-config", env=home).stdout)
        self.assertEqual(list(self.dir.iterdir()), [], "--print-config made something")

    def test_what_it_prints_as_its_settings_starts_it_again(self):
        flags = ["--workers", 2, "--max-limit", "time_limit=10", "--log-format", "json", "--allow-host", "run.example.org"]
        printed = run_program("--data-dir", self.dir / "d", *flags, "--print-config")
        self.assertEqual(printed.returncode, 0, printed)
        config = self.write("pysandbox.toml", printed.stdout)
        self.assertEqual(run_program("--config", config, "--print-config").stdout, printed.stdout)
        server = self.start("--config", config)
        self.assertEqual(server.get("/health", {"Host": "run.example.org"}).status, 200)
        self.assertEqual(server.post("/api/jobs", {"code": "1", "timeout": 11}).json()["code"], "limit_out_of_range")
        for line in server.log().splitlines():
            self.assertIn("event", json.loads(line))

    def test_an_environment_is_enough(self):
        server = self.start(env={"PYSANDBOX_MAX_LIMIT": "time_limit=7,memory_bytes=64M", "DATABASE_URL": f"sqlite:{self.dir}/j"})
        limits = server.get("/capabilities").json()["limits"]
        self.assertEqual((limits["time_limit"]["maximum"], limits["time_limit"]["default"]), (7, 7))
        self.assertEqual(limits["memory_bytes"]["maximum"], 64 << 20)
        self.assertTrue((self.dir / "j").exists())

    def test_other_machines_are_not_served_without_a_key(self):
        for address in ("0.0.0.0:0", "[::]:0"):
            line = self.refused("--listen", address)
            self.assertIn("key create", line)
            self.assertIn("--insecure-no-key", line)

    def test_other_machines_are_served_with_a_key(self):
        made = run_program("key", "create", "--name", "a", "--data-dir", self.dir / "data")
        server = self.start("--listen", "0.0.0.0:0", data_dir=self.dir / "data")
        names_itself = {"Host": "192.0.2.1:80"}
        self.assertEqual(server.get("/api/jobs", names_itself).status, 401)
        self.assertEqual(server.get("/api/jobs", {**names_itself, "X-API-Key": made.stdout.strip()}).status, 200)

    def test_an_interpreter_that_does_not_run_stops_it_before_it_listens(self):
        port_file = self.dir / "port"
        self.refused("--python", "/usr/bin/does-not-exist", "--listen", "127.0.0.1:0", "--port-file", port_file, code=1)
        self.assertIn("print(1)", self.refused("--python", "/usr/bin/false", "--listen", "127.0.0.1:0", code=1))
        self.assertFalse(port_file.exists())

    def test_what_is_missing_is_one_line(self):
        with socket.socket() as taken:
            taken.bind(("127.0.0.1", 0))
            taken.listen()
            port = taken.getsockname()[1]
            self.assertIn(str(port), self.refused("--listen", f"127.0.0.1:{port}", code=1))
        self.write("file", "no database" * 1000)
        self.assertIn("file", self.refused("--database-url", f"sqlite:{self.dir}/file", "--listen", "127.0.0.1:0", code=1))
        self.assertIn("/no/such", self.refused("--database-url", "sqlite:/no/such/place", "--listen", "127.0.0.1:0", code=1))
        self.assertIn("rootfs", self.refused("--rootfs", "relative/path", "--listen", "127.0.0.1:0").lower())

    def test_a_database_that_is_not_there_never_shows_its_password(self):
        done = run_program("--data-dir", self.dir, "--listen", "127.0.0.1:0", "--database-url", "postgres://u:hunter2@127.0.0.1:1/d")
        self.assertIn(done.returncode, (1, 2), done)
        self.assertNotIn("hunter2", done.stderr)

    def test_a_service_manager_hears_of_start_and_end(self):
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as manager:
            manager.bind(str(self.dir / "notify"))
            manager.settimeout(60)
            server = Server(env={"NOTIFY_SOCKET": str(self.dir / "notify")})
            with server:
                self.assertEqual(manager.recv(100), b"READY=1")
            self.assertEqual(manager.recv(100), b"STOPPING=1")


class Telling(Service):
    def test_health_readiness_and_metrics(self):
        server = self.start()
        self.assertEqual(server.get("/health").json(), {"status": "ok"})
        self.assertEqual(server.get("/ready").json(), {"status": "ok", "checks": {"store": "ok", "files": "ok", "runner": "ok"}})
        job = server.submit("raise SystemExit(3)")
        server.results(job)
        server.get("/no/such/path")
        text = server.until(lambda: (found := server.get("/metrics").body.decode()) and 'outcome="nonzero_exit"' in found and found,
                            "the job was not counted")
        for line in ('pysandbox_jobs_total{outcome="nonzero_exit"} 1', "pysandbox_queue_depth 0", "pysandbox_jobs_running 0",
                     'route="/api/jobs/{job_id}/results",status="200"} 1', 'route="none",status="404"} 1',
                     "pysandbox_job_run_seconds_count 1", "pysandbox_job_wait_seconds_count 1", "pysandbox_http_connections 1"):
            self.assertIn(line, text)
        self.assertNotIn(job, text)
        for line in text.splitlines():
            self.assertRegex(line, r'^(# (HELP|TYPE) pysandbox_\w+ .+|pysandbox_\w+(\{(\w+="[^"]*",?)+\})? \S+)$')

    def test_it_is_not_ready_when_its_store_is_gone(self):
        server = self.start()
        files = server.data_dir / "files"
        self.assertEqual(server.get("/ready").status, 200)
        files.rename(server.data_dir / "away")
        answer = server.until(lambda: (found := server.get("/ready")).status == 503 and found, "it stayed ready")
        self.assertEqual(answer.json()["checks"]["files"], "unavailable")
        self.assertNotIn(str(server.data_dir), answer.body.decode())
        self.assertIn("not ready", server.log())
        (server.data_dir / "away").rename(files)
        server.until(lambda: server.get("/ready").status == 200, "it did not become ready again")

    def test_the_log_has_requests_and_jobs_but_nothing_of_theirs(self):
        made = run_program("key", "create", "--name", "a", "--data-dir", self.dir / "data")
        key = made.stdout.strip()
        server = self.start("--log-level", "debug", "--log-format", "json", "--allow-address", "127.0.0.1", data_dir=self.dir / "data",
                            key=key)
        job = server.submit("print('swordfish' + '-out')", env={"A": "hunter2"}, stdin="sesame",
                            callback_url="https://127.0.0.1/", callback_secret="whsec_abc",
                            metadata={"a": "barbarossa"})
        server.results(job)
        lines = [json.loads(line) for line in server.log().splitlines()]
        self.assertTrue(any(line["event"] == "job ended" and line["job"] == job and line["outcome"] == "ok" for line in lines), lines)
        self.assertTrue(any(line["event"] == "request" and line["path"] == "/api/jobs" for line in lines), lines)
        for secret in ("swordfish", "hunter2", "sesame", "whsec", "barbarossa", key):
            self.assertNotIn(secret, server.log())

    def test_the_manual_has_every_setting_with_its_default(self):
        rows = dict(re.findall(r"^\| `--([a-z-]+)[^`]*` \| (?:`([^`]*)`)?", (ROOT / "docs/server.md").read_text(), re.M))
        printed = run_program("--print-config", env={"HOME": "/home/you"}).stdout
        settings = {}
        for name, value in re.findall(r"^([a-z-]+) = (.*)$", printed, re.M):
            value = value.strip('"').replace("/home/you", "~")
            settings[name] = "" if value in ("[]", "false") else value
        self.assertEqual(rows, settings)


class LettingIn(Service):
    def test_keys_from_their_making_to_their_end(self):
        data = self.dir / "data"
        server = self.start(data_dir=data)
        before = server.submit("print(1)")
        self.assertEqual(server.get("/api/jobs").status, 200)

        a, b = (run_program("key", "create", "--name", name, "--data-dir", data).stdout.strip() for name in "ab")
        self.assertRegex(a, r"^psk_[A-Za-z0-9_-]{43}$")
        self.assertEqual(server.get("/api/jobs").status, 401, "a running server has to see its first key")
        self.assertEqual(server.get("/capabilities").status, 401)
        self.assertEqual(server.get("/metrics").status, 401)
        for page in ("/health", "/ready", "/openapi.json"):
            self.assertEqual(server.get(page).status, 200)

        as_a, as_b = {"Authorization": f"Bearer {a}"}, {"X-API-Key": b}
        job = server.submit("open('x', 'w').write('y')", as_a)
        file = server.results(job, as_a)["files"][0]["url"]
        for target in (f"/api/jobs/{job}", f"/api/jobs/{job}/results", f"/api/jobs/{job}/events", file):
            self.assertEqual(server.get(target, as_a).status, 200)
            self.assertEqual(server.get(target, as_b).status, 404)
        self.assertEqual(server.delete(f"/api/jobs/{job}", as_b).status, 404)
        self.assertEqual(server.get("/api/jobs", as_b).json()["jobs"], [])
        self.assertEqual([each["job_id"] for each in server.get("/api/jobs", as_a).json()["jobs"]], [job])
        self.assertEqual(server.get(f"/api/jobs/{before}", as_a).status, 404)

        listed = run_program("key", "list", "--data-dir", data).stdout
        self.assertEqual([line.split()[-1] for line in listed.splitlines()], ["NAME", "a", "b"])
        self.assertNotIn(a, listed)
        self.assertEqual(run_program("key", "revoke", "a", "--data-dir", data).returncode, 0)
        self.assertEqual(server.get("/api/jobs", as_a).status, 401)
        self.assertEqual(server.get("/api/jobs", as_b).status, 200)
        self.assertEqual(run_program("key", "revoke", "a", "--data-dir", data).returncode, 1)
        run_program("key", "revoke", "b", "--data-dir", data)
        self.assertEqual(server.get("/api/jobs").status, 401, "no key is left, and the door stays shut")

    def test_each_key_has_its_rate_and_its_number_of_jobs(self):
        data = self.dir / "data"
        slow = run_program("key", "create", "--name", "slow", "--rate", 2, "--data-dir", data).stdout.strip()
        small = run_program("key", "create", "--name", "small", "--max-jobs", 1, "--data-dir", data).stdout.strip()
        server = self.start(data_dir=data)
        self.assertEqual([server.get("/api/jobs", {"X-API-Key": slow}).status for _ in range(3)], [200, 200, 429])
        answer = server.get("/api/jobs", {"X-API-Key": slow})
        self.assertEqual(answer.json()["code"], "rate_limited")
        self.assertGreater(int(answer.headers["retry-after"]), 0)
        job = server.submit(**SLEEPER, headers={"X-API-Key": small})
        refused = server.post("/api/jobs", SLEEPER, {"X-API-Key": small})
        self.assertEqual((refused.status, refused.json()["code"]), (429, "too_many_jobs"))
        server.post(f"/api/jobs/{job}/cancel", headers={"X-API-Key": small})
        server.submit("1", headers={"X-API-Key": small})

    def test_pages_of_the_web_are_kept_out(self):
        server = self.start("--allow-host", "run.example.org", "--allow-origin", "https://app.example.org")
        for host in ("evil.example", f"evil.example:{server.port}", f"localhost:{server.port + 1}"):
            answer = server.get("/health", {"Host": host})
            self.assertEqual((answer.status, answer.json()["code"]), (403, "forbidden_host"))
        for host in ("localhost", f"localhost:{server.port}", "127.0.0.1", f"[::1]:{server.port}", "run.example.org"):
            self.assertEqual(server.get("/health", {"Host": host}).status, 200, host)
        before = len(server.get("/api/jobs").json()["jobs"])
        answer = server.post("/api/jobs", {"code": "1"}, {"Origin": "https://evil.example"})
        self.assertEqual((answer.status, answer.json()["code"]), (403, "forbidden_origin"))
        self.assertEqual(len(server.get("/api/jobs").json()["jobs"]), before)
        answer = server.post("/api/jobs", {"code": "1"}, {"Origin": "https://app.example.org"})
        self.assertEqual((answer.status, answer.headers["access-control-allow-origin"]), (200, "https://app.example.org"))
        ask = {"Access-Control-Request-Method": "DELETE", "Access-Control-Request-Headers": "x-api-key"}
        answer = server.request("OPTIONS", "/api/jobs/x", headers={**ask, "Origin": "https://app.example.org"})
        self.assertEqual(answer.status, 204)
        self.assertIn("DELETE", answer.headers["access-control-allow-methods"])
        answer = server.request("OPTIONS", "/api/jobs/x", headers={**ask, "Origin": "https://evil.example"})
        self.assertEqual(answer.status, 403)
        self.assertNotIn("access-control-allow-origin", answer.headers)


class Ending(Service):
    def test_running_jobs_end_first(self):
        server = Server(data_dir=self.dir / "data")
        with server:
            job = server.submit("import time; time.sleep(1); print('done')")
            server.until(lambda: server.get(f"/api/jobs/{job}").json()["status"] == "running", "it did not start")
        again = self.start(data_dir=self.dir / "data")
        results = again.results(job)
        self.assertEqual((results["stdout"], results["attempt"]), ("done\n", 1))

    def test_it_answers_while_it_drains_and_says_that_it_does(self):
        server = self.start("--drain-time", 600)
        job = server.submit(**SLEEPER)
        server.until(lambda: server.get(f"/api/jobs/{job}").json()["status"] == "running", "it did not start")
        server.process.send_signal(signal.SIGTERM)
        answer = server.until(lambda: (found := server.get("/ready")).status == 503 and found, "it stayed ready")
        self.assertEqual(answer.json()["checks"]["server"], "draining")
        self.assertEqual(server.get("/health").status, 200)
        server.delete(f"/api/jobs/{job}")
        self.assertEqual(server.wait(), 0)

    def test_what_does_not_end_in_time_runs_again_later(self):
        server = Server("--drain-time", 0, data_dir=self.dir / "data")
        with server:
            job = server.submit(**SLEEPER)
            waiting = [server.submit(**SLEEPER) for _ in range(3)]
            server.until(lambda: server.get(f"/api/jobs/{job}").json()["status"] == "running", "it did not start")
        again = self.start("--drain-time", 0, data_dir=self.dir / "data")
        again.until(lambda: again.get(f"/api/jobs/{job}").json()["status"] == "running", "it did not start again")
        for each in (job, *waiting):
            self.assertEqual(again.post(f"/api/jobs/{each}/cancel").status, 200)
            self.assertEqual(again.results(each)["outcome"], "cancelled")

    def test_a_second_signal_ends_it_at_once(self):
        server = self.start("--drain-time", 600)
        job = server.submit(**SLEEPER)
        server.until(lambda: server.get(f"/api/jobs/{job}").json()["status"] == "running", "it did not start")
        server.process.send_signal(signal.SIGINT)
        server.until(lambda: server.get("/ready").status == 503, "it stayed ready")
        server.process.send_signal(signal.SIGINT)
        self.assertEqual(server.wait(), -signal.SIGINT)

    def test_a_crash_loses_no_job(self):
        server = Server("--lease", 3, data_dir=self.dir / "data")
        server.start()
        self.addCleanup(server.clean)
        jobs = [server.submit("print('done')") for _ in range(5)]
        server.kill()
        again = self.start("--lease", 3, data_dir=self.dir / "data")
        for job in jobs:
            self.assertEqual(again.results(job)["stdout"], "done\n")


if __name__ == "__main__":
    unittest.main()
