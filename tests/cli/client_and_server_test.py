"""The client's commands against the real server. PYSANDBOX and PYSANDBOX_SERVER_PROGRAM name the two programs."""
import json
import os
import pathlib
import signal
import subprocess
import tempfile
import time
import unittest

PROGRAM = os.environ["PYSANDBOX"]
SERVER = os.environ.get("PYSANDBOX_SERVER_PROGRAM")
LONG = 60  # seconds within which anything must have happened


@unittest.skipUnless(SERVER, "this build has no server")
class ClientAndServer(unittest.TestCase):
    def setUp(self):
        place = tempfile.TemporaryDirectory()
        self.addCleanup(place.cleanup)
        self.dir = pathlib.Path(place.name)
        self.listen = "127.0.0.1:0"
        self.environment = {k: v for k, v in os.environ.items() if not k.startswith("PYSANDBOX_") and "proxy" not in k.lower()}
        self.start_server()
        self.addCleanup(lambda: self.stop_server(signal.SIGTERM))

    def start_server(self):
        port_file = self.dir / "port"
        port_file.unlink(missing_ok=True)
        self.log = open(self.dir / "server.log", "ab")
        self.server = subprocess.Popen([SERVER, "--listen", self.listen, "--port-file", port_file, "--data-dir", self.dir / "data",
                                        "--lease", "3"], env=self.environment, stdout=self.log, stderr=self.log)
        deadline = time.monotonic() + LONG
        while not port_file.exists() or not port_file.read_text().strip():
            self.assertIsNone(self.server.poll(), (self.dir / "server.log").read_text())
            self.assertLess(time.monotonic(), deadline)
            time.sleep(0.02)
        self.listen = f"127.0.0.1:{port_file.read_text().strip()}"
        self.environment["PYSANDBOX_SERVER"] = f"http://{self.listen}"

    def stop_server(self, number):
        self.server.send_signal(number)
        self.server.wait(LONG)
        self.log.close()

    def call(self, *words, **options):
        return subprocess.run([PROGRAM, *map(str, words)], capture_output=True, cwd=self.dir, timeout=LONG, env=self.environment,
                              **options)

    def start(self, *words):
        process = subprocess.Popen([PROGRAM, *words], cwd=self.dir, env=self.environment, stdout=subprocess.PIPE,
                                   stderr=subprocess.PIPE)

        def end():
            if process.poll() is None:
                process.kill()
            process.wait()
            process.stdout.close()
            process.stderr.close()
        self.addCleanup(end)
        return process

    def test_a_program_comes_back_as_if_it_had_run_here(self):
        (self.dir / "grün a.csv").write_text("x,y\n")
        code = ("import sys; print(open('grün a.csv').read().upper(), end=''); print('oh', file=sys.stderr); "
                "import os; os.mkdir('sub'); open('sub/ü.txt', 'w').write('kept'); open('b.log', 'w').close(); sys.exit(7)")
        done = self.call("submit", "-c", code, "--data", "grün a.csv", "--output", "**/*.txt", "--wait", "--out", "here")
        self.assertEqual((done.returncode, done.stdout, done.stderr), (7, b"X,Y\n", b"oh\n"))
        kept = [str(p.relative_to(self.dir / "here")) for p in (self.dir / "here").rglob("*") if p.is_file()]
        self.assertEqual(kept, ["sub/ü.txt"])
        self.assertEqual((self.dir / "here/sub/ü.txt").read_text(), "kept")

    def test_limits_and_words_arrive(self):
        code = "import os, sys; print(sys.argv[1:], os.environ['A'], sys.stdin.read())"
        done = self.call("submit", "-c", code, "--wait", "--json", "--env", "A=b", "--stdin", "-", "--limit", "processes=9",
                         "--memory", "100", "--timeout", "7.5", "--metadata", '{"k": [1]}', "--priority", "3", "--ttl", "60", "--", "-v",
                         input=b"in")
        answer = json.loads(done.stdout)
        self.assertEqual((answer["stdout"], answer["metadata"]), ("['-v'] b in\n", {"k": [1]}))
        status = json.loads(self.call("status", answer["job_id"], "--json").stdout)
        limits = status["effective_limits"]
        self.assertEqual((limits["processes"], limits["memory_bytes"], limits["time_limit"]), (9, 100 << 20, 7.5))
        self.assertEqual(status["priority"], 3)

    def test_a_time_limit_is_told(self):
        done = self.call("submit", "-c", "while True: pass", "--wait", "--timeout", "0.3")
        self.assertEqual(done.returncode, 124)
        self.assertIn(b"time_limit", done.stderr)

    def test_a_job_can_be_watched_and_cancelled_from_elsewhere(self):
        job = self.call("submit", "-c", "import time\nprint('go', flush=True)\nwhile True: print('.', end='', flush=True); time.sleep(0.05)")
        job = job.stdout.decode().strip()
        follower = self.start("logs", "-f", job)
        self.assertEqual(follower.stdout.readline(), b"go\n")
        self.assertTrue(self.call("logs", job).stdout.startswith(b"go\n"))
        self.assertEqual(self.call("results", job).returncode, 125)
        self.assertEqual(self.call("cancel", job).returncode, 0)
        self.assertEqual(follower.wait(LONG), 0)
        self.assertEqual(self.call("results", job).returncode, 130)
        self.assertIn(b"already", self.call("cancel", job).stderr)
        self.assertIn(job.encode(), self.call("list", "--status", "failed").stdout)

    def test_ctrl_c_cancels_the_job(self):
        process = self.start("submit", "-c", "print('go', flush=True)\nwhile True: pass", "--wait")
        self.assertEqual(process.stdout.readline(), b"go\n")
        process.send_signal(signal.SIGINT)
        self.assertEqual(process.wait(LONG), 130)
        self.assertIn(b"cancelled", self.call("list").stdout)

    def test_a_server_that_is_killed_and_started_again_is_waited_for(self):
        process = self.start("submit", "-c", "import time\nfor n in range(4): print(n, flush=True); time.sleep(0.5)", "--wait")
        self.assertEqual(process.stdout.readline(), b"0\n")
        self.stop_server(signal.SIGKILL)
        self.start_server()
        out, complaints = process.communicate(timeout=LONG)
        self.assertEqual(process.returncode, 0, complaints)
        self.assertTrue(out.endswith(b"0\n1\n2\n3\n"), out)
        self.assertIn(b"attempt 2", complaints)

    def test_what_the_server_refuses_is_said_in_its_words(self):
        for words, part in ((["status", "0b1f3c52-7a64-4f0e-9d9a-2f6f5f0f5a11"], b"not found"),
                            (["submit", "-c", "1", "--output", "/x"], b"/x")):
            with self.subTest(words):
                done = self.call(*words)
                self.assertEqual((done.returncode, done.stdout), (125, b""))
                self.assertIn(part, done.stderr)

    def test_an_upload_can_be_used_by_its_url(self):
        (self.dir / "a.csv").write_text("1,2")
        url = self.call("upload", "a.csv").stdout.decode().strip()
        self.assertRegex(url, "^/api/files/[0-9a-f-]{36}$")
        done = self.call("submit", "-c", "print(open('a.csv').read())", "--data", url, "--wait")
        self.assertEqual((done.returncode, done.stdout), (0, b"1,2\n"), done.stderr)


if __name__ == "__main__":
    unittest.main()
