"""The commands of `pysandbox` that talk to a server, against one that does what the test says. PYSANDBOX names the program."""
import hashlib
import json
import os
import pathlib
import pty
import re
import shutil
import signal
import socket
import ssl
import subprocess
import tempfile
import threading
import time
import unittest

from stub_server import (JOB, StubServer, event, events, file_entry, raw, refusal, reply, result, status)

PROGRAM = os.environ["PYSANDBOX"]
CI = bool(os.environ.get("CI"))
SUBMITTED = reply({"job_id": JOB, "status": "queued", "message": "Job queued successfully"})
LONG = 60  # seconds within which anything must have happened


def job(what):
    return f"/api/jobs/{JOB}/{what}"


class Client(unittest.TestCase):
    def setUp(self):
        self.place = tempfile.TemporaryDirectory()
        self.addCleanup(self.place.cleanup)
        self.dir = pathlib.Path(self.place.name)
        self.server = StubServer()
        self.addCleanup(self.server.close)
        self.environment = {k: v for k, v in os.environ.items() if not k.startswith("PYSANDBOX_") and "proxy" not in k.lower()}
        self.environment["PYSANDBOX_SERVER"] = self.server.url

    def call(self, *words, environment={}, **options):
        return subprocess.run([PROGRAM, *map(str, words)], capture_output=True, cwd=self.dir, timeout=LONG,
                              env={**self.environment, **environment}, **options)

    def start(self, *words, **options):
        process = subprocess.Popen([PROGRAM, *map(str, words)], cwd=self.dir, env=self.environment, **options)

        def end():
            if process.poll() is None:
                process.kill()
            process.wait()
            for stream in (process.stdout, process.stderr):
                if stream:
                    stream.close()
        self.addCleanup(end)
        return process

    def write(self, name, content):
        path = self.dir / name
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return path

    def accept_jobs(self, *log, **more):
        self.server.on("POST", "/api/jobs", SUBMITTED)
        self.server.on("GET", job("status"), reply(status("queued", queue={"position": 3})))
        if log:
            self.server.on("GET", job("events"), events(*log))
            self.server.on("GET", job("results"), reply(result(**more)))

    def submitted(self):
        (request,) = self.server.seen("POST", "/api/jobs")
        return request.json()

    def assert_one_clear_line(self, done, *parts, code=125):
        self.assertEqual(done.returncode, code, done)
        text = done.stderr.decode()
        self.assertEqual(text.count("\n"), 1, text)
        self.assertTrue(text.startswith("pysandbox: "), text)
        for part in parts:
            self.assertIn(part, text)
        self.assertNotRegex(text, "[\x00-\x09\x0b-\x1f]")

    def until(self, condition):
        deadline = time.monotonic() + LONG
        while not condition():
            self.assertLess(time.monotonic(), deadline, "it never happened")
            time.sleep(0.01)


class Submitting(Client):
    def test_the_job_id_is_printed(self):
        self.accept_jobs()
        done = self.call("submit", "-c", "print(1)")
        self.assertEqual((done.returncode, done.stdout, done.stderr), (0, f"{JOB}\n".encode(), b""))
        self.assertEqual(self.submitted(), {"code": "print(1)", "entry_point": "main.py", "args": [], "env": {}, "stdin": ""})

    def test_json_prints_the_servers_answer(self):
        self.accept_jobs()
        answer = json.loads(self.call("submit", "-c", "1", "--json").stdout)
        self.assertEqual(answer, {"job_id": JOB, "status": "queued", "message": "Job queued successfully"})

    def test_every_flag_arrives(self):
        self.accept_jobs()
        script = self.write("tool.py", "print('ü')")
        done = self.call("submit", script, "--arg", "a b", "--env", "A=x=y", "--env", "B", "--stdin", "-", "--timeout", "5.5",
                         "--memory", "64", "--cpus", "2", "--limit", "processes=8", "--limit", "workspace_bytes=1G",
                         "--min-isolation", "cgroup", "--output", "*.png", "--output", "sub/**", "--priority", "-7", "--ttl", "60",
                         "--metadata", '{"a": [1, null]}', "--callback-url", "https://example.org/done",
                         "--idempotency-key", "key 1", "--", "-v", environment={"B": "mine"}, input=b"abc")
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertEqual(self.submitted(), {
            "code": "print('ü')", "entry_point": "tool.py", "args": ["a b", "-v"], "env": {"A": "x=y", "B": "mine"}, "stdin": "abc",
            "limits": {"time_limit": 5.5, "memory_bytes": 64 << 20, "cpus": 2, "processes": 8, "workspace_bytes": 1 << 30},
            "minimum_isolation": "cgroup", "outputs": ["*.png", "sub/**"], "priority": -7, "ttl": 60,
            "metadata": {"a": [1, None]}, "callback_url": "https://example.org/done"})
        self.assertEqual(self.server.seen("POST", "/api/jobs")[0].headers["Idempotency-Key"], "key 1")

    def test_data_is_uploaded_and_urls_are_left_to_the_server(self):
        self.accept_jobs()
        self.server.on("PUT", "/api/files", reply({"file_id": "f1", "url": "/api/files/f1"}, 201),
                       reply({"file_id": "f2", "url": "/api/files/f2"}, 201))
        files = [self.write("a.csv", "1,2"), self.write("grün & b.csv", b"\0\xff")]
        done = self.call("submit", "-c", "1", "--data", files[0], "https://example.org/c.csv", "/api/files/f0", files[1])
        self.assertEqual(done.returncode, 0, done.stderr)
        uploads = self.server.seen("PUT", "/api/files")
        self.assertEqual([u.path for u in uploads], ["/api/files?filename=a.csv",
                                                     "/api/files?filename=gr%C3%BCn%20%26%20b.csv"])
        self.assertEqual([u.body for u in uploads], [b"1,2", b"\0\xff"])
        body = self.submitted()
        self.assertEqual(body["files"], [{"path": "a.csv", "file_id": "f1"}, {"path": "grün & b.csv", "file_id": "f2"}])
        self.assertEqual(body["data_urls"], ["https://example.org/c.csv", "/api/files/f0"])

    def test_a_submission_whose_answer_is_lost_is_sent_again_with_the_same_key(self):
        def lose(handler):
            handler.close_connection = True
        self.server.on("POST", "/api/jobs", lose, SUBMITTED)
        self.assertEqual(self.call("submit", "-c", "1").stdout, f"{JOB}\n".encode())
        keys = [r.headers["Idempotency-Key"] for r in self.server.seen("POST", "/api/jobs")]
        self.assertRegex(keys[0], "^[0-9a-f]{32}$")
        self.assertEqual(set(keys), {keys[0]})

    def test_two_submissions_have_two_keys(self):
        self.accept_jobs()
        for _ in range(2):
            self.call("submit", "-c", "1")
        self.assertEqual(len({r.headers["Idempotency-Key"] for r in self.server.seen("POST", "/api/jobs")}), 2)

    def test_warnings_are_shown(self):
        self.server.on("POST", "/api/jobs", reply({"job_id": JOB, "status": "queued", "message": "", "warnings": ["odd\x1b[1m"]}))
        done = self.call("submit", "-c", "1")
        self.assertEqual((done.returncode, done.stderr), (0, b"pysandbox: warning: odd?[1m\n"))

    def test_what_makes_no_sense_is_refused_before_anything_is_sent(self):
        self.write("a.csv", "1")
        (self.dir / "d").mkdir()
        self.write("d/a.csv", "2")
        os.mkfifo(self.dir / "fifo")
        for words, *parts in ((["no.py"], "no.py", "No such file"), ([], "no program given"),
                              (["-c", "1", "--data", "a.csv", "d/a.csv"], "two inputs are called a.csv"),
                              (["-c", "1", "--data", "d"], "is a directory"),
                              (["-c", "1", "--data", "fifo"], "fifo"),
                              (["-c", "1", "--data", "no.csv"], "no.csv"),
                              (["-c", "1", "--metadata", "{"], "--metadata takes JSON"),
                              (["-c", "1", "--priority", "101"], "--priority"),
                              (["-c", "1", "--ttl", "0"], "--ttl"),
                              (["-c", "1", "--timeout", "nan"], "time_limit"),
                              (["-c", "1", "--out", "x"], "--out needs --wait"),
                              (["-c", "1", "--idempotency-key", "a\nb"], "--idempotency-key"),
                              (["-c", "1", "--arg", b"\xff"], "--arg must be UTF-8"),
                              ([self.write("l.py", b"# coding: latin-1\n'\xe9'")], "the program must be UTF-8")):
            with self.subTest(words):
                done = subprocess.run([PROGRAM, "submit", *words], capture_output=True, cwd=self.dir, env=self.environment)
                self.assert_one_clear_line(done, *parts)
        self.assertEqual(self.server.requests, [])


class Waiting(Client):
    def test_output_and_exit_code_are_those_of_the_program(self):
        self.accept_jobs(event(1, "status", status="running", attempt=1), event(2, "stdout", text="out ü\n", attempt=1),
                         event(3, "stderr", text="err\n", attempt=1), event(4, "end", status="failed", outcome="nonzero_exit"),
                         outcome="nonzero_exit", exit_code=7, stdout="out ü\n", stderr="err\n")
        done = self.call("submit", "-c", "1", "--wait")
        self.assertEqual((done.returncode, done.stdout, done.stderr), (7, "out ü\n".encode(), b"err\n"))

    def test_exit_codes_are_those_of_run(self):
        for outcome, code, more in (("ok", 0, {}), ("exception", 1, {"exit_code": 1}), ("time_limit", 124, {"signal": "SIGKILL"}),
                                    ("memory_limit", 137, {"signal": "SIGKILL"}), ("signaled", 143, {"signal": "SIGTERM"}),
                                    ("cancelled", 130, {}), ("input_error", 125, {}), ("expired", 125, {})):
            with self.subTest(outcome):
                self.accept_jobs(event(1, "end", status="failed", outcome=outcome), outcome=outcome, **more)
                self.assertEqual(self.call("submit", "-c", "1", "--wait").returncode, code)
                self.assertEqual(self.call("results", JOB).returncode, code)

    def test_a_limit_is_explained_on_one_line(self):
        failure = {"limit": "memory_bytes", "observed": "70 MiB", "hint": "raise it"}
        self.accept_jobs(event(1, "end", status="failed", outcome="memory_limit"), outcome="memory_limit", failure=failure)
        self.assertEqual(self.call("submit", "-c", "1", "--wait").stderr,
                         b"pysandbox: memory_limit: memory_bytes: 70 MiB; raise it\n")

    def test_output_is_there_before_the_job_ends(self):
        gate = threading.Event()
        self.addCleanup(gate.set)
        self.accept_jobs(event(1, "stdout", text="now\n", attempt=1), lambda: gate.wait(LONG), event(2, "end", outcome="ok"))
        process = self.start("submit", "-c", "1", "--wait", stdout=subprocess.PIPE)
        self.assertEqual(process.stdout.readline(), b"now\n")
        self.assertIsNone(process.poll())
        gate.set()
        self.assertEqual(process.wait(LONG), 0)

    def test_files_are_fetched(self):
        files = [file_entry("a.txt", b"one"), file_entry("sub/b.txt", b"", 2)]
        self.accept_jobs(event(1, "end", outcome="ok"), files=files)
        self.server.on("GET", files[0]["url"], raw(b"one"))
        self.server.on("GET", files[1]["url"], raw(b""))
        done = self.call("submit", "--wait", "--out", "results", "-c", "1")
        self.assertEqual((done.returncode, done.stderr), (0, b""))
        self.assertEqual((self.dir / "results/a.txt").read_bytes(), b"one")
        self.assertEqual((self.dir / "results/sub/b.txt").read_bytes(), b"")

    def test_json_prints_the_result_and_no_output(self):
        self.accept_jobs(event(1, "stdout", text="x", attempt=1), event(2, "end", outcome="ok"), stdout="x")
        done = self.call("submit", "-c", "1", "--wait", "--json")
        self.assertEqual(json.loads(done.stdout), result(stdout="x"))
        self.assertEqual(done.stderr, b"")

    def test_wait_before_the_script_does_not_take_it_for_a_number(self):
        self.accept_jobs(event(1, "end", outcome="ok"))
        self.write("s.py", "print(1)")
        self.assertEqual(self.call("submit", "--wait", "s.py", "x", "--timeout", "3").returncode, 0)
        self.assertEqual((self.submitted()["entry_point"], self.submitted()["args"]), ("s.py", ["x"]))

    def test_the_patience_of_wait_ends_and_the_job_goes_on(self):
        gate = threading.Event()
        self.addCleanup(gate.set)
        self.accept_jobs(lambda: gate.wait(LONG), event(1, "end", outcome="ok"))
        done = self.call("submit", "-c", "1", "--wait", "0.3")
        self.assert_one_clear_line(done, JOB, "goes on", f"pysandbox logs -f {JOB}")
        self.assertEqual(self.server.seen("POST", job("cancel")), [])

    def test_a_broken_log_is_taken_up_where_it_broke(self):
        whole = event(3, "stdout", text="c", attempt=1)
        self.accept_jobs(b": nothing", outcome="ok")
        self.server.on("GET", job("events"),
                       events(event(1, "stdout", text="a", attempt=1), event(2, "stdout", text="b", attempt=1), whole[:20]),
                       refusal(503, "unavailable", "draining"), events(),
                       events(event(2, "stdout", text="b", attempt=1), whole, b": comment\n\n", event(4, "end", outcome="ok")))
        done = self.call("submit", "-c", "1", "--wait")
        self.assertEqual((done.returncode, done.stdout, done.stderr), (0, b"abc", b""))
        self.assertEqual([r.headers["Last-Event-ID"] for r in self.server.seen("GET", job("events"))], [None, "2", "2", "2"])

    def test_a_log_that_ended_while_we_were_away_is_not_waited_for(self):
        self.accept_jobs(b": nothing", outcome="ok")
        self.server.on("GET", job("events"), events(event(1, "stdout", text="a", attempt=1)), raw(b"", 204))
        self.assertEqual(self.call("submit", "-c", "1", "--wait").returncode, 0)

    def test_a_restart_of_the_server_is_waited_for(self):
        self.accept_jobs(event(1, "stdout", text="a", attempt=1))
        process = self.start("submit", "-c", "1", "--wait", stdout=subprocess.PIPE)
        self.assertEqual(process.stdout.read(1), b"a")
        port = self.server.server_port
        self.server.close()
        time.sleep(0.5)
        self.server = StubServer(port)
        self.addCleanup(self.server.close)
        self.accept_jobs(event(2, "stdout", text="b", attempt=1), event(3, "end", outcome="ok"))
        self.assertEqual(process.stdout.read(), b"b")
        self.assertEqual(process.wait(LONG), 0)
        self.assertEqual(self.server.seen("GET", job("events"))[0].headers["Last-Event-ID"], "1")

    def test_a_second_attempt_is_told_apart(self):
        self.accept_jobs(event(1, "stdout", text="a\n", attempt=1), event(2, "stdout", text="a\n", attempt=2), event(3, "end"))
        done = self.call("submit", "-c", "1", "--wait")
        self.assertEqual(done.stdout, b"a\na\n")
        self.assertIn(b"attempt 2", done.stderr)

    def test_the_first_ctrl_c_cancels_the_job(self):
        cancelled = threading.Event()
        self.addCleanup(cancelled.set)
        self.accept_jobs(event(1, "stdout", text="x\n", attempt=1), lambda: cancelled.wait(LONG),
                         event(2, "stdout", text="last\n", attempt=1), event(3, "end", outcome="cancelled"), outcome="cancelled")

        def cancel(handler):
            cancelled.set()
            reply({"job_id": JOB, "status": "running"})(handler)
        self.server.on("POST", job("cancel"), cancel)
        process = self.start("submit", "-c", "1", "--wait", stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        self.assertEqual(process.stdout.readline(), b"x\n")
        process.send_signal(signal.SIGINT)
        self.assertEqual(process.communicate(timeout=LONG), (b"last\n", b"pysandbox: cancelled\n"))
        self.assertEqual(process.returncode, 130)
        self.assertEqual(len(self.server.seen("POST", job("cancel"))), 1)

    def test_the_second_ctrl_c_ends_us(self):
        gate = threading.Event()
        self.addCleanup(gate.set)
        self.accept_jobs(event(1, "stdout", text="x\n", attempt=1), lambda: gate.wait(LONG))
        self.server.on("POST", job("cancel"), reply({}))
        process = self.start("submit", "-c", "1", "--wait", stdout=subprocess.PIPE)
        process.stdout.readline()
        process.send_signal(signal.SIGINT)
        self.until(lambda: self.server.seen("POST", job("cancel")))
        self.assertIsNone(process.poll())
        process.send_signal(signal.SIGINT)
        self.assertEqual(process.wait(LONG), 130)

    def test_ctrl_c_before_the_job_is_there_ends_us_and_submits_nothing(self):
        gate = threading.Event()
        self.addCleanup(gate.set)
        self.accept_jobs()
        self.server.on("PUT", "/api/files", lambda handler: gate.wait(LONG))
        self.write("a.csv", "1")
        process = self.start("submit", "-c", "1", "--wait", "--data", "a.csv")
        self.until(lambda: self.server.seen("PUT", "/api/files"))
        process.send_signal(signal.SIGINT)
        self.assertEqual(process.wait(LONG), 130)
        self.assertEqual(self.server.seen("POST", "/api/jobs"), [])

    def test_the_job_is_cancelled_when_nobody_reads_it(self):
        cancelled = threading.Event()
        self.addCleanup(cancelled.set)
        many = [event(n, "stdout", text="x" * 1000, attempt=1) for n in range(1, 200)]
        self.accept_jobs(*many, lambda: cancelled.wait(LONG), event(200, "end", outcome="cancelled"), outcome="cancelled")

        def cancel(handler):
            cancelled.set()
            reply({})(handler)
        self.server.on("POST", job("cancel"), cancel)
        process = self.start("submit", "-c", "1", "--wait", stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
        process.stdout.read(10)
        process.stdout.close()
        self.assertEqual(process.wait(LONG), 130)

    def test_a_terminal_shows_the_place_in_the_queue(self):
        gate = threading.Event()
        self.addCleanup(gate.set)
        self.accept_jobs(lambda: gate.wait(LONG), event(1, "status", status="running", attempt=1),
                         event(2, "stdout", text="done", attempt=1), event(3, "end", outcome="ok"))
        pid, terminal = pty.fork()
        if pid == 0:
            os.execve(PROGRAM, [PROGRAM, "submit", "-c", "1", "--wait"], {**self.environment, "TERM": "xterm"})
        text = b""
        while True:
            try:
                text += os.read(terminal, 65536)
            except OSError:
                break
            if b"queued, 3 before it, " in text:
                gate.set()
        os.waitpid(pid, 0)
        os.close(terminal)
        self.assertIn(b"queued, 3 before it, ", text)
        self.assertTrue(text.rstrip().endswith(b"done"), text)


class Asking(Client):
    def test_status_tells_where_a_job_stands(self):
        self.server.on("GET", job("status"), reply(status("queued", queue={"position": 2})))
        done = self.call("status", JOB)
        self.assertEqual(done.returncode, 0, done.stderr)
        for part in (JOB, "queued", "2 before it", "2025-05-04"):
            self.assertIn(part, done.stdout.decode())
        self.assertEqual(json.loads(self.call("status", JOB, "--json").stdout), status("queued", queue={"position": 2}))

    def test_results_shows_what_the_program_printed_and_where_its_files_are(self):
        files = [file_entry("a.txt", b"one")]
        self.server.on("GET", job("results"), reply(result(stdout="out\n", stderr="err\n", files=files)))
        self.server.on("GET", files[0]["url"], raw(b"one"))
        done = self.call("results", JOB, "--out", "here")
        self.assertEqual((done.returncode, done.stdout, done.stderr), (0, b"out\n", b"err\n"))
        self.assertEqual((self.dir / "here/a.txt").read_bytes(), b"one")
        self.assertEqual(json.loads(self.call("results", JOB, "--json").stdout), result(stdout="out\n", stderr="err\n", files=files))

    def test_results_of_a_job_that_runs_are_not_there(self):
        self.server.on("GET", job("results"), refusal(400, "not_completed", "Job has not completed"))
        self.assert_one_clear_line(self.call("results", JOB), "Job has not completed")

    def test_an_outcome_of_a_newer_server_is_not_guessed(self):
        self.server.on("GET", job("results"), reply(result(outcome="abducted")))
        self.assert_one_clear_line(self.call("results", JOB), "outcome", "--json")

    def test_logs_shows_what_is_there_and_does_not_wait(self):
        gate = threading.Event()
        self.addCleanup(gate.set)
        self.server.on("GET", job("status"), reply(status()))
        self.server.on("GET", job("events"), events(event(1, "status", status="running", attempt=1), event(2, "stdout", text="a\n"),
                                                    event(3, "stderr", text="b\n"), lambda: gate.wait(LONG)))
        done = self.call("logs", JOB)
        self.assertEqual((done.returncode, done.stdout, done.stderr), (0, b"a\n", b"b\n"))

    def test_logs_ends_with_what_was_there_though_the_job_goes_on_to_speak(self):
        self.server.on("GET", job("status"), reply(status()))
        self.server.on("GET", job("events"), events(event(1, "stdout", text="a\n"), event(2, "stdout", text="b\n", at="2999-01-01T00:00:00.000Z"),
                                                    event(3, "stdout", text="c\n", at="2999-01-01T00:00:01.000Z")))
        self.assertEqual(self.call("logs", JOB).stdout, b"a\n")

    def test_logs_follows_to_the_end(self):
        gate = threading.Event()
        self.addCleanup(gate.set)
        self.server.on("GET", job("status"), reply(status()))
        self.server.on("GET", job("events"), events(event(1, "stdout", text="a\n")),
                       events(lambda: gate.wait(LONG), event(2, "stdout", text="b\n"), event(3, "end", outcome="exception")))
        process = self.start("logs", "-f", JOB, stdout=subprocess.PIPE)
        self.assertEqual(process.stdout.readline(), b"a\n")
        self.until(lambda: len(self.server.seen("GET", job("events"))) == 2)
        time.sleep(1.2)  # longer than logs without -f would wait
        self.assertIsNone(process.poll())
        gate.set()
        self.assertEqual(process.communicate(timeout=LONG)[0], b"b\n")
        self.assertEqual(process.returncode, 0)

    def test_logs_that_are_followed_end_at_ctrl_c_and_cancel_nothing(self):
        gate = threading.Event()
        self.addCleanup(gate.set)
        self.server.on("GET", job("status"), reply(status()))
        self.server.on("GET", job("events"), events(event(1, "stdout", text="a\n"), lambda: gate.wait(LONG)))
        process = self.start("logs", "-f", JOB, stdout=subprocess.PIPE)
        process.stdout.readline()
        process.send_signal(signal.SIGINT)
        self.assertEqual(process.wait(LONG), -signal.SIGINT)
        self.assertEqual({r.method for r in self.server.requests}, {"GET"})

    def test_logs_of_no_job_are_said_to_be_none(self):
        self.assert_one_clear_line(self.call("logs", "-f", JOB), "Job not found")

    def test_an_event_that_is_no_json_is_said(self):
        self.server.on("GET", job("status"), reply(status()))
        self.server.on("GET", job("events"), events(b"id: 1\nevent: stdout\ndata: {\n\n"))
        self.assert_one_clear_line(self.call("logs", JOB), "event that cannot be read")

    def test_cancel_asks_the_server(self):
        self.server.on("POST", job("cancel"), reply({"job_id": JOB, "status": "running"}),
                       refusal(409, "already_ended", "Job has already ended"))
        self.assertEqual(self.call("cancel", JOB).returncode, 0)
        request = self.server.requests[0]
        self.assertEqual((request.size, request.headers["Content-Type"]), (0, None))
        self.assert_one_clear_line(self.call("cancel", JOB), "already ended")

    def test_list_goes_on_to_the_next_page(self):
        pages = [[status("completed", job_id=f"{n:036}", outcome="ok") for n in range(first, first + count)]
                 for first, count in ((0, 200), (200, 50))]
        self.server.on("GET", "/api/jobs", reply({"jobs": pages[0], "next_cursor": "c 1"}), reply({"jobs": pages[1], "next_cursor": "c2"}))
        done = self.call("list", "--limit", "250", "--status", "completed")
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertEqual([line.split()[0] for line in done.stdout.decode().splitlines()], [f"{n:036}" for n in range(250)])
        self.assertEqual([r.path.split("?")[1] for r in self.server.seen("GET", "/api/jobs")],
                         ["limit=200&status=completed", "limit=50&status=completed&cursor=c%201"])

    def test_list_as_json_and_empty(self):
        self.server.on("GET", "/api/jobs", reply({"jobs": [], "next_cursor": None}))
        self.assertEqual(json.loads(self.call("list", "--json").stdout), {"jobs": [], "next_cursor": None})
        self.assertEqual(self.call("list").stdout, b"")

    def test_an_id_that_is_none_is_not_sent(self):
        for word in ("../../x", "x", JOB + "/results", ""):
            with self.subTest(word):
                self.assert_one_clear_line(self.call("status", word), "no job id")
        self.assertEqual(self.server.requests, [])


class Files(Client):
    def serve(self, *files):
        """Each is its entry and the answer for its bytes."""
        self.server.on("GET", job("files"), reply({"files": [entry for entry, _ in files]}))
        for entry, answer in files:
            self.server.on("GET", f"/api/jobs/{JOB}/files/{entry['id']}", answer)

    def everything_in(self, directory):
        return sorted(str(p.relative_to(directory)) for p in directory.rglob("*"))

    def test_files_are_listed_and_fetched(self):
        self.serve((file_entry("a.txt", b"one"), raw(b"one")), (file_entry("sub/b.bin", b"\0" * 9, 2), raw(b"\0" * 9)))
        text = self.call("files", JOB).stdout.decode()
        self.assertRegex(text, rf"^ +3  {hashlib.sha256(b'one').hexdigest()}  a.txt\n +9  [0-9a-f]{{64}}  sub/b.bin\n$")
        done = self.call("files", JOB, "--out", "here")
        self.assertEqual((done.returncode, done.stdout), (0, b"here/a.txt\nhere/sub/b.bin\n"))
        self.assertEqual((self.dir / "here/sub/b.bin").read_bytes(), b"\0" * 9)

    def test_no_name_leads_out_of_the_directory(self):
        (self.dir / "here").mkdir()
        (self.dir / "here/link").symlink_to("..")
        before = self.everything_in(self.dir)
        for name in ("../evil", "/evil", f"{self.dir}/evil", "a/../../evil", "link/evil", "", ".", "a//b", "x\0y"):
            with self.subTest(name):
                self.serve((file_entry(name, b"evil"), raw(b"evil")))
                done = self.call("files", JOB, "--out", "here")
                self.assertEqual(done.returncode, 125, done)
                self.assertEqual(self.everything_in(self.dir), before)
        self.assertFalse(pathlib.Path("/evil").exists())

    def test_a_name_cannot_speak_to_the_terminal(self):
        self.serve((file_entry("a\x1b[2J\nb", b""), raw(b"")))
        self.assertTrue(self.call("files", JOB).stdout.decode().endswith("  a?[2J?b\n"))

    def test_a_file_id_cannot_be_another_path(self):
        self.serve((file_entry("a", b"", id="../../../files/secret"), raw(b"")))
        self.assert_one_clear_line(self.call("files", JOB, "--out", "here"), "not found")
        self.assertEqual(self.server.requests[-1].path, job("files/..%2F..%2F..%2Ffiles%2Fsecret"))

    def test_a_url_of_the_server_is_never_followed(self):
        other = StubServer()
        self.addCleanup(other.close)
        self.serve((file_entry("a", b"one", url=other.url + "/a"), raw(b"one")))
        self.assertEqual(self.call("files", JOB, "--out", "here").returncode, 0)
        entry = file_entry("b", b"one")
        self.serve((entry, raw(b"", 302, Location=other.url + "/b")))
        self.assertEqual(self.call("files", JOB, "--out", "here").returncode, 125)
        self.assertEqual(other.requests, [])

    def test_wrong_bytes_do_not_stay(self):
        for answer in (raw(b"0ne"), raw(b"on"), raw(b"one more"), raw(b"on", content_length=3, Connection="close")):
            self.serve((file_entry("a", b"one"), answer))
            done = self.call("files", JOB, "--out", "here")
            self.assertEqual(done.returncode, 125)
            self.assertIn(b"pysandbox: ", done.stderr)
            if (self.dir / "here").exists():
                self.assertEqual(self.everything_in(self.dir / "here"), [])

    def test_a_file_without_end_is_cut_where_it_should_have_ended(self):
        whole = 512 << 20
        sent = []

        def send(handler):
            handler.send_response(200)
            handler.send_header("Connection", "close")
            handler.end_headers()
            handler.close_connection = True
            while sum(sent) < whole:
                sent.append(handler.wfile.write(bytes(1 << 20)))
        self.serve((file_entry("a", b"one"), send))
        self.assert_one_clear_line(self.call("files", JOB, "--out", "here"), "it should have 3 bytes")
        self.assertLess(sum(sent), whole)
        self.assertEqual(self.everything_in(self.dir / "here"), [])

    def test_ctrl_c_leaves_nothing_half_fetched(self):
        gate = threading.Event()
        self.addCleanup(gate.set)

        def send(handler):
            handler.send_response(200)
            handler.send_header("Content-Length", "6")
            handler.end_headers()
            handler.wfile.write(b"one")
            gate.wait(LONG)
        self.serve((file_entry("a", b"onetwo"), send))
        process = self.start("files", JOB, "--out", "here", stderr=subprocess.PIPE)
        self.until(lambda: (self.dir / "here").exists() and self.everything_in(self.dir / "here"))
        process.send_signal(signal.SIGINT)
        self.assertEqual(process.communicate(timeout=LONG)[1], b"")
        self.assertEqual(process.returncode, 130)
        self.assertEqual(self.everything_in(self.dir / "here"), [])

    @unittest.skipIf(os.environ.get("PYSANDBOX_SANITIZE"), "a sanitizer's own memory is in the figure")
    def test_large_files_pass_without_being_held(self):
        size = 400 << 20
        most_kilobytes = 120 << 10
        with open(self.dir / "big", "wb") as big:
            big.truncate(size)
        self.server.on("PUT", "/api/files", reply({"file_id": "f", "url": "/api/files/f"}, 201))
        process = self.start("upload", "big", stdout=subprocess.DEVNULL)
        _, exit_status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(exit_status)
        self.assertEqual(process.returncode, 0)
        self.assertLess(usage.ru_maxrss, most_kilobytes)
        (upload,) = self.server.seen("PUT", "/api/files")
        self.assertEqual(upload.size, size)

        def send(handler):
            handler.send_response(200)
            handler.send_header("Content-Length", str(size))
            handler.end_headers()
            for _ in range(size >> 20):
                handler.wfile.write(bytes(1 << 20))
        entry = file_entry("big.copy", b"")
        entry.update(size=size, sha256=upload.sha256)
        self.serve((entry, send))
        process = self.start("files", JOB, "--out", "here", stdout=subprocess.DEVNULL)
        _, exit_status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(exit_status)
        self.assertEqual(process.returncode, 0)
        self.assertLess(usage.ru_maxrss, most_kilobytes)
        self.assertEqual((self.dir / "here/big.copy").stat().st_size, size)

    def test_upload_prints_a_url_for_each(self):
        self.server.on("PUT", "/api/files", reply({"file_id": "f1", "url": "/api/files/f1"}, 201),
                       reply({"file_id": "f2", "url": "/api/files/f2"}, 201))
        done = self.call("upload", self.write("a", "1"), self.write("b", "2"))
        self.assertEqual((done.returncode, done.stdout), (0, b"/api/files/f1\n/api/files/f2\n"))


class Refused(Client):
    def test_no_server_at_all_is_said(self):
        with socket.socket() as nobody:
            nobody.bind(("127.0.0.1", 0))
            url = f"http://127.0.0.1:{nobody.getsockname()[1]}"
            for words in (["submit", "-c", "1"], ["submit", "-c", "1", "--wait"], ["status", JOB], ["results", JOB], ["logs", JOB],
                          ["logs", "-f", JOB], ["cancel", JOB], ["files", JOB], ["list"]):
                with self.subTest(words):
                    self.assert_one_clear_line(self.call(*words, "--server", url), f"no server answers at {url}",
                                               "start one with pysandbox-server, or name it with --server")

    def test_a_key_that_is_missing_is_asked_for(self):
        self.server.on("GET", job("status"), refusal(401, "unauthorized", "A key is needed"))
        self.assert_one_clear_line(self.call("status", JOB), "A key is needed", "PYSANDBOX_API_KEY")

    def test_a_job_that_is_not_there_is_said(self):
        self.assert_one_clear_line(self.call("status", JOB), "Job not found")

    def test_wrong_fields_are_named(self):
        self.server.on("POST", "/api/jobs", refusal(400, "limit_out_of_range", "A limit is out of range",
                                                    [{"field": "timeout", "problem": "0.1 to 20"}]))
        self.assert_one_clear_line(self.call("submit", "-c", "1"), "A limit is out of range; timeout: 0.1 to 20")

    def test_a_busy_server_is_asked_once_more_after_its_time(self):
        busy = refusal(429, "rate_limited", "Too many requests", Retry_After=1)
        self.server.on("GET", job("status"), busy, reply(status()))
        began = time.monotonic()
        self.assertEqual(self.call("status", JOB).returncode, 0)
        self.assertGreaterEqual(time.monotonic() - began, 1)
        self.server.requests.clear()
        self.server.on("GET", job("status"), busy)
        self.assert_one_clear_line(self.call("status", JOB), "Too many requests", "try again later")
        self.assertEqual(len(self.server.requests), 2)

    def test_an_upload_is_sent_whole_again_to_a_server_that_was_busy(self):
        self.server.on("PUT", "/api/files", refusal(429, "rate_limited", "Too many", Retry_After=1),
                       reply({"file_id": "f", "url": "/api/files/f"}, 201))
        self.assertEqual(self.call("upload", self.write("a", "x" * 100_000)).returncode, 0)
        self.assertEqual([r.size for r in self.server.seen("PUT", "/api/files")], [100_000, 100_000])

    def test_a_busy_server_that_names_no_time_or_a_long_one_is_not_asked_again(self):
        for headers in ({}, {"Retry_After": 3600}):
            self.server.requests.clear()
            self.server.on("GET", job("status"), refusal(429, "queue_full", "Queue is full", **headers))
            self.assert_one_clear_line(self.call("status", JOB), "Queue is full")
            self.assertEqual(len(self.server.requests), 1)

    def test_another_kind_of_server_is_told_apart(self):
        self.server.on("GET", job("status"), raw(b"<html>"), raw(b"<html>", 502), reply([1]), reply({"jobs": 1}))
        self.assert_one_clear_line(self.call("status", JOB, "--json"), "does not answer as a pysandbox server")
        self.assert_one_clear_line(self.call("status", JOB), "502", "is --server right?")
        self.assert_one_clear_line(self.call("status", JOB), "must be an object")

    def test_urls_that_are_none_are_refused(self):
        for url in ("127.0.0.1:3004", "ftp://example.org", "http://me:pass@127.0.0.1", "http://a b", "file:///etc/passwd"):
            with self.subTest(url):
                done = self.call("list", "--server", url)
                self.assert_one_clear_line(done, "--server")
                self.assertNotIn(b"pass@", done.stderr)


class Keys(Client):
    def test_a_key_is_sent_and_never_shown(self):
        self.server.on("GET", job("status"), refusal(401, "unauthorized", "no"))
        by_flag = self.call("status", JOB, "--key", "psk_flag")
        by_variable = self.call("status", JOB, environment={"PYSANDBOX_API_KEY": "psk_variable"})
        self.assertEqual([r.headers["Authorization"] for r in self.server.requests], ["Bearer psk_flag", "Bearer psk_variable"])
        for done in (by_flag, by_variable, self.call("status", "--help", environment={"PYSANDBOX_API_KEY": "psk_variable"})):
            self.assertNotIn(b"psk_", done.stdout + done.stderr)

    def test_no_key_sends_no_header(self):
        self.call("status", JOB, environment={"PYSANDBOX_API_KEY": ""})
        self.assertIsNone(self.server.requests[0].headers["Authorization"])

    def test_a_key_in_the_clear_is_warned_of(self):
        done = self.call("list", "--server", "http://pysandbox.invalid", environment={"PYSANDBOX_API_KEY": "psk_1"})
        self.assertIn(b"warning: your API key goes to http://pysandbox.invalid in the clear", done.stderr)
        self.assertNotIn(b"psk_1", done.stderr)
        done = self.call("list", "--server", "http://pysandbox.invalid")
        self.assertNotIn(b"warning", done.stderr)

    def test_a_proxy_does_not_get_what_is_for_this_machine(self):
        self.server.on("GET", job("status"), reply(status()))
        proxy = StubServer()
        self.addCleanup(proxy.close)
        done = self.call("status", JOB, environment={"http_proxy": proxy.url, "all_proxy": proxy.url})
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertEqual(proxy.requests, [])

    @unittest.skipUnless(shutil.which("openssl") or CI, "needs openssl to make a certificate")
    def test_https_wants_a_certificate_that_is_trusted(self):
        subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2",
                        "-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost", "-keyout", "key.pem", "-out", "cert.pem"],
                       cwd=self.dir, check=True, capture_output=True)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(self.dir / "cert.pem", self.dir / "key.pem")
        self.server.socket = context.wrap_socket(self.server.socket, server_side=True)
        self.server.on("GET", job("status"), reply(status()))
        url = f"https://localhost:{self.server.server_port}"
        self.assert_one_clear_line(self.call("status", JOB, "--server", url), "no safe connection", "certificate")
        done = self.call("status", JOB, "--server", url, environment={"SSL_CERT_FILE": str(self.dir / "cert.pem")})
        self.assertEqual(done.returncode, 0, done.stderr)


class Loading(Client):
    def loaded(self, *words):
        """The libraries that the program loads for these words."""
        done = self.call(*words, environment={"LD_DEBUG": "files"})
        return set(re.findall(r"calling init: (\S+)", done.stderr.decode()))

    def test_libcurl_is_loaded_for_a_server_only(self):
        for words in (["--version"], ["run", "--help"], ["completion", "bash"], ["run", "no.py"]):
            self.assertEqual([name for name in self.loaded(*words) if "curl" in name or "ssl" in name], [], words)
        self.assertTrue(any("libcurl.so.4" in name for name in self.loaded("status", JOB)))

    @unittest.skipUnless(shutil.which("readelf") or CI, "needs readelf")
    def test_the_program_does_not_link_libcurl(self):
        needed = subprocess.run(["readelf", "-d", PROGRAM], capture_output=True, check=True).stdout
        self.assertIn(b"NEEDED", needed)
        self.assertNotIn(b"curl", needed)

    @unittest.skipUnless(os.geteuid() == 0 or CI, "only root can hide a library")
    def test_a_missing_libcurl_is_said(self):
        library = next(name for name in self.loaded("status", JOB) if "libcurl.so.4" in name)
        hide = f"mount --bind /dev/null '{os.path.realpath(library)}' && exec \"$0\" \"$@\""
        done = self.call_hidden(hide, "status", JOB)
        self.assert_one_clear_line(done, "libcurl.so.4", "install libcurl4")
        self.assertEqual(self.call_hidden(hide, "--version").returncode, 0)

    def call_hidden(self, hide, *words):
        return subprocess.run(["unshare", "--mount", "sh", "-c", hide, PROGRAM, *words], capture_output=True, env=self.environment,
                              timeout=LONG)

    def test_every_flag_of_help_is_completed(self):
        for command in ("run", "submit", "status", "results", "logs", "cancel", "files", "upload", "list", "doctor"):
            with self.subTest(command):
                flags = set(re.findall(r"(?:^ +|,)(--[a-z-]+)", self.call(command, "--help").stdout.decode(), re.MULTILINE))
                self.assertIn("--help", flags)
                script = self.call("completion", "bash").stdout.decode()
                probe = f"{script}\nCOMP_WORDS=(pysandbox {command} --); COMP_CWORD=2; _pysandbox; echo ${{COMPREPLY[@]}}"
                done = subprocess.run(["bash", "-c", probe], capture_output=True, text=True)
                self.assertEqual(set(done.stdout.split()), flags, done.stderr)


if __name__ == "__main__":
    unittest.main()
