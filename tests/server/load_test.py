"""Many at once, and large ones: nothing is mixed up, and no file is ever in memory as a whole."""
import concurrent.futures
import hashlib
import http.client
import json
import threading
import unittest

import host
from server_process import Server

JOBS = 10_000
CLIENTS = 64
CROWD = ("--rate", 10_000_000, "--max-active", 1_000_000, "--max-queued", 1_000_000, "--log-level", "warning")


class Client:
    """Requests on one connection that stays open."""

    def __init__(self, server):
        self.connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=300)

    def ask(self, method, target, body=None):
        self.connection.request(method, target, json.dumps(body) if body else None, {"Content-Type": "application/json"} if body else {})
        response = self.connection.getresponse()
        answer = response.read()
        if response.status != 200:
            raise AssertionError(f"{method} {target}: {response.status} {answer!r}")
        return json.loads(answer)


    def wait_for_end(self, job_id):
        """A log that has come to its end says so, and ends."""
        self.connection.request("GET", f"/api/jobs/{job_id}/events")
        log = self.connection.getresponse().read()
        if log.count(b"event: end\n") != 1:
            raise AssertionError(log)


class ManyJobs(unittest.TestCase):
    def test_ten_thousand_jobs_of_64_clients_each_get_their_own_output(self):
        with Server(*CROWD) as server, concurrent.futures.ThreadPoolExecutor(CLIENTS) as pool:
            all_submitted = threading.Barrier(CLIENTS)

            def work(number):
                client = Client(server)
                nonces = [f"{number}-{count}" for count in range(JOBS // CLIENTS + (number < JOBS % CLIENTS))]
                jobs = [(nonce, client.ask("POST", "/api/jobs", {"code": f"print({nonce!r})"})["job_id"]) for nonce in nonces]
                all_submitted.wait()
                for nonce, job_id in jobs:
                    client.wait_for_end(job_id)
                    results = client.ask("GET", f"/api/jobs/{job_id}/results")
                    if (results["status"], results["stdout"], results["attempt"]) != ("completed", nonce + "\n", 1):
                        raise AssertionError(f"{nonce}: {results}")
                client.connection.close()
                return [job_id for _, job_id in jobs]

            ids = [job_id for jobs in pool.map(work, range(CLIENTS)) for job_id in jobs]
            self.assertEqual((len(ids), len(set(ids))), (JOBS, JOBS))
            metrics = server.get("/metrics").body.decode()
            self.assertIn(f'pysandbox_jobs_total{{outcome="ok"}} {JOBS}\n', metrics)
            self.assertIn("pysandbox_queue_depth 0\n", metrics)


class LargeFiles(unittest.TestCase):
    SIZE = 2 << 30
    PIECE = 1 << 20
    MOST_MEMORY = 100 << 20

    def pieces(self):
        """Its bytes: each piece is another one, so that a piece that is lost or doubled shows."""
        for number in range(self.SIZE // self.PIECE):
            yield number.to_bytes(8, "big") + bytes(self.PIECE - 8)

    def test_two_gigabytes_go_up_and_down_in_little_memory(self):
        with Server(*CROWD) as server:
            wanted = hashlib.sha256()
            connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=300)
            connection.putrequest("PUT", "/api/files?filename=large.bin")
            connection.putheader("Content-Length", str(self.SIZE))
            connection.endheaders()
            for piece in self.pieces():
                connection.send(piece)
                wanted.update(piece)
            response = connection.getresponse()
            upload = json.loads(response.read())
            self.assertEqual((response.status, upload["size"], upload["sha256"]), (201, self.SIZE, wanted.hexdigest()))
            self.assertLess(host.memory_peak_bytes(server.process.pid), self.MOST_MEMORY)
            self.check_download(connection, server, upload, wanted)

    def test_two_gigabytes_in_a_form_go_up_in_little_memory(self):
        with Server(*CROWD) as server:
            head = b'--x\r\nContent-Disposition: form-data; name="file"; filename="large.bin"\r\n\r\n'
            tail = b"\r\n--x--\r\n"
            wanted = hashlib.sha256()
            connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=300)
            connection.putrequest("POST", "/api/files")
            connection.putheader("Content-Type", "multipart/form-data; boundary=x")
            connection.putheader("Content-Length", str(len(head) + self.SIZE + len(tail)))
            connection.endheaders(head)
            for piece in self.pieces():
                connection.send(piece)
                wanted.update(piece)
            connection.send(tail)
            response = connection.getresponse()
            upload = json.loads(response.read())
            self.assertEqual((response.status, upload["size"], upload["sha256"]), (201, self.SIZE, wanted.hexdigest()))
            self.assertLess(host.memory_peak_bytes(server.process.pid), self.MOST_MEMORY)
            connection.close()

    def check_download(self, connection, server, upload, wanted):
        connection.request("GET", upload["url"])
        response = connection.getresponse()
        found = hashlib.sha256()
        while piece := response.read(self.PIECE):
            found.update(piece)
        self.assertEqual((response.status, found.hexdigest()), (200, wanted.hexdigest()))
        self.assertLess(host.memory_peak_bytes(server.process.pid), self.MOST_MEMORY)
        connection.request("DELETE", upload["url"])
        self.assertEqual(connection.getresponse().status, 200)
        connection.close()
        self.assertEqual([path for path in server.data_dir.glob("files/*/*") if path.is_file()], [])


if __name__ == "__main__":
    unittest.main()
