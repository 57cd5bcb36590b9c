"""Ends that come at the same time, servers that come and go, and a database that does: each job has one end, told once."""
import concurrent.futures
import contextlib
import itertools
import random
import signal
import time
import unittest

import host
import throwaway_postgres
from event_stream import EventStream, read_log
from server_process import Server

CROWD = ("--rate", 10_000_000, "--max-active", 100_000, "--log-level", "warning")
SHORT_LEASE = ("--lease", 3)
ENDS = ("completed", "failed")

# Prints a line each tenth of a second.
COUNTING = "import time\nfor number in range({count}):\n    print(number, flush=True)\n    time.sleep(0.1)"


def numbers_of(log):
    return [event.number for event in log]


class Races(unittest.TestCase):
    def assert_one_end(self, server, job_id):
        """Its log, from which nothing is missing, and whose last event is its one end, as in status and results."""
        log = read_log(server, job_id)
        self.assertEqual(numbers_of(log), list(range(1, len(log) + 1)))
        self.assertEqual([event.kind for event in log].count("end"), 1, log)
        results = server.results(job_id)
        end = log[-1].data
        self.assertEqual((log[-1].kind, end["status"], end["outcome"]), ("end", results["status"], results["outcome"]))
        status = server.get(f"/api/jobs/{job_id}/status").json()
        self.assertEqual((status["status"], status["outcome"]), (results["status"], results["outcome"]))
        return log

    def started(self, server, job_id, attempt=1):
        def look():
            answer = server.get(f"/api/jobs/{job_id}/status").json()
            self.assertNotIn(answer["status"], ENDS)
            return (answer["status"], answer["attempt"]) == ("running", attempt)

        server.until(look, f"job {job_id} did not start")

    def assert_no_attempt_overlaps(self, log):
        """Each attempt begins from the queue."""
        states = [event.data["status"] for event in log if event.kind == "status"]
        for before, now in itertools.pairwise(states):
            self.assertNotEqual(before, now, log)


class EndsRaced(Races):
    def test_cancel_and_finish_and_timeout_give_one_end(self):
        rng = random.Random(1)
        with Server(*CROWD, "--workers", 4) as server, concurrent.futures.ThreadPoolExecutor(16) as pool:
            def one(number):
                length = rng.choice((0, 0.05, 0.2))
                limit = rng.choice((0.1, 0.2, 10))
                job_id = server.submit(f"import time\ntime.sleep({length})\nprint({number})", timeout=limit)
                time.sleep(rng.uniform(0, 0.4))
                answers = [pool.submit(server.post, f"/api/jobs/{job_id}/cancel") for _ in range(2)]
                return job_id, number, [answer.result() for answer in answers]

            with concurrent.futures.ThreadPoolExecutor(8) as clients:
                outcomes = set()
                for job_id, number, answers in clients.map(one, range(160)):
                    results = server.results(job_id)
                    self.assertIn(results["outcome"], ("ok", "cancelled", "time_limit"))
                    outcomes.add(results["outcome"])
                    if results["outcome"] == "ok":
                        self.assertEqual(results["stdout"], f"{number}\n")
                    for answer in answers:
                        self.assertIn(answer.status, (200, 409), answer)
                        if answer.status == 409:
                            self.assertEqual(answer.json()["code"], "already_ended")
                    self.assert_one_end(server, job_id)
            self.assertEqual(outcomes, {"ok", "cancelled", "time_limit"})

    def test_a_cancelled_job_ends_at_once_whether_it_waits_or_runs(self):
        with Server(*CROWD, "--workers", 1) as server:
            running = server.submit("print('begun', flush=True)\nimport time\ntime.sleep(60)")
            waiting = server.submit("print('never')")
            with EventStream(server, running) as stream:
                next(event for event in stream if event.kind == "stdout")
            for job_id, stdout in ((waiting, None), (running, "begun\n")):
                self.assertEqual(server.delete(f"/api/jobs/{job_id}").status, 200)
                results = server.results(job_id)
                self.assertEqual((results["outcome"], results["stdout"]), ("cancelled", stdout))
                self.assert_one_end(server, job_id)

    def test_deleting_an_ended_job_while_it_is_read_gives_whole_answers(self):
        with Server(*CROWD, "--workers", 2) as server, concurrent.futures.ThreadPoolExecutor(8) as pool:
            for _ in range(20):
                job_id = server.submit("print('x' * 1000)\nopen('a', 'w').write('y' * 100_000)")
                server.results(job_id)
                file = server.get(f"/api/jobs/{job_id}/files").json()["files"][0]
                calls = [pool.submit(server.get, f"/api/jobs/{job_id}/{what}") for what in
                         ("results", "status", "files", f"files/{file['id']}", "files.zip")]
                calls.append(pool.submit(server.delete, f"/api/jobs/{job_id}"))
                for call in calls:
                    answer = call.result()
                    self.assertIn(answer.status, (200, 404), answer)
                self.assertEqual(calls[-1].result().status, 200)
                self.assertEqual(server.get(f"/api/jobs/{job_id}/status").status, 404)


class ServersEnd(Races):
    def test_sigterm_lets_a_job_end_and_gives_a_long_one_back(self):
        with contextlib.ExitStack() as stack:
            first = stack.enter_context(Server(*CROWD, "--workers", 2, "--drain-time", 4))
            long = first.submit("print('again', flush=True)\nimport time, os\ntime.sleep(30 if 'in.txt' in os.listdir() else 0)",
                                timeout=60, files=[{"path": "in.txt", "content": ""}])
            short = first.submit(COUNTING.format(count=10))
            waiting = first.submit("print('waited')")
            self.started(first, long)
            self.started(first, short)
            first.process.terminate()
            self.assertEqual(first.wait(), 0, first.log())
            with Server(*CROWD, *SHORT_LEASE, "--workers", 2, data_dir=first.data_dir) as second:
                answer = second.get(f"/api/jobs/{short}/results")
                self.assertEqual((answer.status, answer.json()["stdout"]), (200, "".join(f"{n}\n" for n in range(10))))
                self.assertEqual(second.results(waiting)["stdout"], "waited\n")
                self.started(second, long)
                log = []
                with EventStream(second, long) as stream:
                    for event in stream:
                        log.append(event)
                        if event.kind == "stdout" and len([e for e in log if e.kind == "stdout"]) == 2:
                            break
                self.assert_no_attempt_overlaps(log)
                self.assertEqual(second.delete(f"/api/jobs/{long}").status, 200)
                self.assert_one_end(second, long)
                for job_id in (short, waiting):
                    self.assert_one_end(second, job_id)

    def test_a_draining_server_says_so_and_what_it_still_takes_runs_later(self):
        with Server(*CROWD, "--workers", 1, "--drain-time", 20) as server:
            running = server.submit(COUNTING.format(count=25))
            self.started(server, running)
            server.process.terminate()
            server.until(lambda: server.get("/ready").status == 503, "it does not say that it is draining")
            self.assertEqual(server.get("/ready").json()["status"], "unavailable")
            self.assertEqual(server.get("/health").status, 200)
            answer = server.post("/api/jobs", {"code": "print('later')"})
            self.assertIn(answer.status, (200, 503), answer)
            self.assertEqual(server.wait(), 0)
            server.start()
            self.assertEqual(server.results(running)["attempt"], 1)
            if answer.status == 200:
                self.assertEqual(server.results(answer.json()["job_id"])["stdout"], "later\n")

    def test_kill_with_running_jobs_runs_them_again(self):
        with contextlib.ExitStack() as stack:
            first = stack.enter_context(Server(*CROWD, *SHORT_LEASE, "--workers", 2))
            tag = f"races-{time.monotonic_ns()}"
            jobs = [first.submit(COUNTING.format(count=15), env={"TAG": tag}) for _ in range(4)]
            for job_id in jobs[:2]:
                self.started(first, job_id)
            first.until(lambda: len(host.processes_with(tag)) >= 2, "their programs did not start")
            first.kill()
            self.assertEqual(host.settled(lambda: host.processes_with(tag), []), [])
            with Server(*CROWD, *SHORT_LEASE, "--workers", 2, data_dir=first.data_dir) as second:
                for number, job_id in enumerate(jobs):
                    results = second.results(job_id)
                    self.assertEqual((results["outcome"], results["stdout"]), ("ok", "".join(f"{n}\n" for n in range(15))))
                    self.assertEqual(results["attempt"], 2 if number < 2 else 1)
                    log = self.assert_one_end(second, job_id)
                    self.assert_no_attempt_overlaps(log)

    def test_a_job_whose_servers_die_again_and_again_ends_with_a_reason(self):
        with contextlib.ExitStack() as stack:
            flags = (*CROWD, *SHORT_LEASE, "--workers", 1, "--max-attempts", 2)
            server = stack.enter_context(Server(*flags))
            job_id = server.submit("import time\ntime.sleep(30)")
            for attempt in (1, 2):
                self.started(server, job_id, attempt)
                server.kill()
                server.start()
            results = server.results(job_id)
            self.assertEqual((results["status"], results["outcome"]), ("failed", "internal_error"))
            self.assertTrue(results["warnings"], results)
            self.assert_one_end(server, job_id)


class Streams(Races):
    def test_a_log_is_live_and_resumes_where_it_was_left(self):
        with Server(*CROWD) as server:
            job_id = server.submit(COUNTING.format(count=20))
            seen = []
            while not seen or seen[-1].kind != "end":
                after = seen[-1].number if seen else None
                with EventStream(server, job_id, after) as stream:  # dropped in the middle, four events at a time
                    seen += itertools.islice(stream, 4)
            self.assertEqual(numbers_of(seen), list(range(1, len(seen) + 1)))
            self.assertEqual("".join(event.data["text"] for event in seen if event.kind == "stdout"),
                             "".join(f"{number}\n" for number in range(20)))
            self.assertGreater(len([event for event in seen if event.kind == "stdout"]), 3)
            self.assertEqual(seen, read_log(server, job_id))
            for after in range(len(seen)):
                self.assertEqual(read_log(server, job_id, after), seen[after:])
            self.assertEqual(server.get(f"/api/jobs/{job_id}/events?after={len(seen)}").status, 204, "nothing follows")
            answer = server.get(f"/api/jobs/{job_id}/events?after={len(seen) - 1}")
            self.assertIn(b"event: end", answer.body)
            self.assertEqual(answer.headers["content-type"].split(";")[0], "text/event-stream")

    def test_a_log_resumes_after_a_restart(self):
        with contextlib.ExitStack() as stack:
            first = stack.enter_context(Server(*CROWD, *SHORT_LEASE, "--workers", 1))
            job_id = first.submit(COUNTING.format(count=12))
            with EventStream(first, job_id) as stream:
                seen = list(itertools.islice(stream, 4))
            first.kill()
            with Server(*CROWD, *SHORT_LEASE, "--workers", 1, data_dir=first.data_dir) as second:
                seen += read_log(second, job_id, seen[-1].number)
                self.assertEqual(numbers_of(seen), list(range(1, len(seen) + 1)))
                self.assertEqual(seen, self.assert_one_end(second, job_id))

    def test_many_watch_one_job(self):
        with Server(*CROWD) as server, concurrent.futures.ThreadPoolExecutor(32) as pool:
            job_id = server.submit(COUNTING.format(count=10))
            logs = list(pool.map(lambda _: read_log(server, job_id), range(32)))
            for log in logs:
                self.assertEqual(log, logs[0])


class LeaseLost(Races):
    def test_a_server_that_was_stopped_beyond_its_lease_cannot_end_what_another_runs(self):
        """A paused process is what a lease is for: it wakes up, believes that it still has the job, and has its end."""
        with contextlib.ExitStack() as stack:
            first = stack.enter_context(Server(*CROWD, *SHORT_LEASE, "--workers", 1))
            job_id = first.submit("import os, time\nprint(os.urandom(8).hex(), flush=True)\ntime.sleep(2.5)")
            self.started(first, job_id)
            first.process.send_signal(signal.SIGSTOP)
            try:
                second = stack.enter_context(Server(*CROWD, *SHORT_LEASE, "--workers", 1, data_dir=first.data_dir))
                self.started(second, job_id, attempt=2)
            finally:
                first.process.send_signal(signal.SIGCONT)
            first.until(lambda: "pysandbox_claims_lost_total 1" in first.get("/metrics").body.decode(), "it did not learn of it")
            for server in (first, second):
                results = server.results(job_id)
                self.assertEqual((results["outcome"], results["attempt"]), ("ok", 2))
                self.assertGreaterEqual(results["execution_time"], 2.5)
                log = self.assert_one_end(server, job_id)
                printed = [event.data["text"] for event in log if event.kind == "stdout" and event.data["attempt"] == 2]
                self.assertEqual("".join(printed), results["stdout"])
                self.assertEqual(server.post(f"/api/jobs/{job_id}/cancel").status, 409)


class OnPostgres(Races):
    def setUp(self):
        host.needs(self, not throwaway_postgres.missing(), "PostgreSQL")
        self.database = self.enterContext(throwaway_postgres.Postgres())

    def server(self, *flags, **options):
        return Server(*CROWD, *SHORT_LEASE, "--database-url", self.database.url, *flags, **options)

    def test_a_database_that_goes_away_gives_503_and_comes_back_by_itself(self):
        with self.server("--workers", 2) as server:
            before = server.submit("print('before')")
            server.results(before)
            running = server.submit(COUNTING.format(count=20))
            self.started(server, running)
            self.database.stop()
            answer = server.get(f"/api/jobs/{before}/status")
            self.assertEqual((answer.status, answer.json()["code"]), (503, "unavailable"))
            self.assertIn("retry-after", answer.headers)
            self.assertNotIn(str(self.database.dir), answer.body.decode())
            self.assertEqual(server.post("/api/jobs", {"code": "print(1)"}).status, 503)
            self.assertEqual(server.get("/health").status, 200)
            server.until(lambda: server.get("/ready").status == 503, "it does not say that it has no database")
            self.assertEqual(server.get("/ready").json()["status"], "unavailable")
            self.database.start()
            server.until(lambda: server.get("/ready").status == 200, "it did not come back")
            self.assertEqual(server.results(before)["stdout"], "before\n")
            self.assertEqual(server.results(server.submit("print('after')"))["stdout"], "after\n")
            self.assertEqual(server.results(running)["stdout"], "".join(f"{number}\n" for number in range(20)))
            for job_id in (before, running):
                self.assert_one_end(server, job_id)

    def test_two_servers_share_the_queue(self):
        with self.server("--workers", 1) as one, self.server("--workers", 1, data_dir=one.data_dir) as other:
            jobs = [one.submit(f"import time\ntime.sleep(0.2)\nprint({number})") for number in range(16)]
            for number, job_id in enumerate(jobs):
                for server in (one, other):
                    self.assertEqual(server.results(job_id)["stdout"], f"{number}\n")
                self.assert_one_end(other, job_id)
            ran = [self.runs(server) for server in (one, other)]
            self.assertEqual(sum(ran), 16)
            self.assertTrue(all(ran), f"both run jobs: {ran}")

    @staticmethod
    def runs(server):
        """How many jobs this server has ended, by its own count."""
        total = 0.0
        for line in server.get("/metrics").body.decode().splitlines():
            if line.startswith("pysandbox_jobs_total{"):
                total += float(line.split()[-1])
        return int(total)

    def test_events_of_a_job_that_runs_on_the_other_server_come_live(self):
        with self.server("--workers", 1) as one, self.server("--workers", 1, data_dir=one.data_dir) as other:
            jobs = [one.submit(COUNTING.format(count=30)) for _ in range(2)]  # one of them on each
            for watcher in (one, other):
                for job_id in jobs:
                    with EventStream(watcher, job_id) as stream:
                        next(event for event in stream if event.kind == "stdout")
                        status = watcher.get(f"/api/jobs/{job_id}/status").json()["status"]
                        self.assertEqual(status, "running", "output came while it ran")
            for job_id in jobs:
                self.assertEqual(read_log(one, job_id), read_log(other, job_id))

    def test_a_job_is_cancelled_on_whatever_server_it_runs(self):
        with self.server("--workers", 1) as one, self.server("--workers", 1, data_dir=one.data_dir) as other:
            jobs = [one.submit("import time\ntime.sleep(60)") for _ in range(2)]
            for job_id in jobs:
                self.started(one, job_id)
            for job_id in jobs:
                self.assertEqual(other.post(f"/api/jobs/{job_id}/cancel").status, 200)
                self.assertEqual(one.results(job_id)["outcome"], "cancelled")
                self.assert_one_end(one, job_id)

    def test_the_other_server_takes_over_from_a_dead_one(self):
        with self.server("--workers", 1) as one, self.server("--workers", 1, data_dir=one.data_dir) as other:
            jobs = [one.submit(COUNTING.format(count=20)) for _ in range(2)]
            for job_id in jobs:
                self.started(one, job_id)
            one.kill()
            for job_id in jobs:
                self.assertEqual(other.results(job_id)["stdout"], "".join(f"{number}\n" for number in range(20)))
                self.assert_one_end(other, job_id)


if __name__ == "__main__":
    unittest.main()
