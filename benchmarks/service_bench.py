#!/usr/bin/env python3
"""What the service costs: HTTP round trips beside bare python3, submissions beside the disk, transfers beside nginx.

    benchmarks/service_bench.py [--program build/release/bin/pysandbox-server] [--only trips,submits,transfers]

Everything is measured in alternating rounds of one run, in a random order, and said as a ratio: the median over the rounds
with a bootstrap 95 % interval. Needs nginx and PostgreSQL 15 of Debian, which it starts on loopback or a unix socket with
temporary data. nginx does less: it neither hashes nor syncs what is uploaded, and knows no owner of what it sends.
"""
import argparse
import contextlib
import http.client
import json
import os
import pathlib
import random
import selectors
import shutil
import socket
import statistics
import subprocess
import sys
import tempfile
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "tests/server"))
sys.dont_write_bytecode = True
import server_process  # noqa: E402
from rounds import in_rounds, interval  # noqa: E402
from server_process import Server  # noqa: E402
from throwaway_postgres import Postgres  # noqa: E402

PYTHON = "/usr/bin/python3"
PIECE = 1 << 20
OPEN_HOUSE = ("--rate", 10_000_000, "--max-active", 10_000_000, "--max-queued", 10_000_000, "--log-level", "warning")


def use(program):
    server_process.PROGRAM = str(pathlib.Path(program).resolve())


# RATIOS

def tell_ratio(name, ratios):
    low, high = interval(ratios)
    print(f"  {name:54} {statistics.median(ratios):8.3f}   (95 %: {low:.3f} to {high:.3f})")


def tell_sides(rounds, unit, scale=1.0):
    for side in rounds[0]:
        values = sorted(row[side] * scale for row in rounds)
        print(f"  {side:54} {statistics.median(values):8.2f} {unit}   min {values[0]:.2f}   max {values[-1]:.2f}")


def tell_ratios(rounds, *pairs):
    for over, under in pairs:
        tell_ratio(f"{over} / {under}", [row[over] / row[under] for row in rounds])


# ROUND TRIPS

def timed(call):
    def look():
        started = time.perf_counter()
        call()
        return time.perf_counter() - started

    return look


def bare_python():
    done = subprocess.run([PYTHON, "-c", "print(1)"], stdout=subprocess.PIPE, stdin=subprocess.DEVNULL)
    assert done.stdout == b"1\n", done


def measure_trips(options):
    print(f"\nRound trips, {options.rounds} rounds")
    body = json.dumps({"code": "print(1)", "wait": True})
    with Server(*OPEN_HOUSE) as server:
        connection = http.client.HTTPConnection("127.0.0.1", server.port)

        def health():
            connection.request("GET", "/health")
            assert connection.getresponse().read() == b'{"status":"ok"}'

        def run():
            connection.request("POST", "/api/jobs", body, {"Content-Type": "application/json"})
            assert json.loads(connection.getresponse().read())["stdout"] == "1\n"

        sides = {"GET /health": timed(health), "submit print(1) and wait": timed(run), "bare python3 -c 'print(1)'": timed(bare_python)}
        for side in sides.values():
            side()  # warms the page cache; not counted
        rounds = in_rounds(options.rounds, sides)
    tell_sides(rounds, "ms", 1e3)
    tell_ratios(rounds, ("submit print(1) and wait", "bare python3 -c 'print(1)'"), ("GET /health", "bare python3 -c 'print(1)'"))


# SUBMISSIONS

def flood(port, count, clients):
    """Submissions a second, over connections that stay open and send the next when they have an answer."""
    body = b'{"code":"pass"}'
    request = (b"POST /api/jobs HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n" % len(body)) + body
    with contextlib.ExitStack() as stack:
        selector = stack.enter_context(selectors.DefaultSelector())
        for _ in range(clients):
            client = stack.enter_context(socket.create_connection(("127.0.0.1", port)))
            selector.register(client, selectors.EVENT_READ)
        sent = done = 0
        started = time.perf_counter()
        for key in list(selector.get_map().values()):
            key.fileobj.sendall(request)
            sent += 1
        while done < sent:
            for key, _ in selector.select():
                answer = key.fileobj.recv(65536)
                assert answer.startswith(b"HTTP/1.1 200") and answer.endswith(b"}"), answer
                done += 1
                if sent < count:
                    key.fileobj.sendall(request)
                    sent += 1
        return done / (time.perf_counter() - started)


def syncs(directory):
    """How often a second this disk takes a small write for good, one after the other."""
    with tempfile.NamedTemporaryFile(dir=directory) as file:
        started = time.perf_counter()
        for _ in range(200):
            os.write(file.fileno(), bytes(4096))
            os.fdatasync(file.fileno())
        return 200 / (time.perf_counter() - started)


def measure_submits(options):
    print(f"\nSubmissions a second of {options.clients} clients, {options.submits} in each of {options.submit_rounds} rounds; nothing runs meanwhile")
    with contextlib.ExitStack() as stack:
        database = stack.enter_context(Postgres())
        servers = {"SQLite": stack.enter_context(Server(*OPEN_HOUSE, "--workers", 1, "--drain-time", 0)),
                   "PostgreSQL": stack.enter_context(Server(*OPEN_HOUSE, "--workers", 1, "--drain-time", 0, "--database-url", database.url))}
        for server in servers.values():  # its only worker is busy, so that none of the submissions runs
            server.submit("import time\ntime.sleep(290)", timeout=300, priority=100)
        sides = {name: lambda server=server: flood(server.port, options.submits, options.clients) for name, server in servers.items()}
        sides["one sync after the other"] = lambda: syncs(servers["SQLite"].data_dir)
        rounds = in_rounds(options.submit_rounds, sides)
    tell_sides(rounds, "1/s")
    tell_ratios(rounds, ("SQLite", "one sync after the other"), ("PostgreSQL", "one sync after the other"), ("PostgreSQL", "SQLite"))


# TRANSFERS

class Nginx:
    """Debian's, with a prefix of its own, on a free port of loopback."""

    def __enter__(self):
        self.place = pathlib.Path(tempfile.mkdtemp(prefix="pysandbox-nginx-"))
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = probe.getsockname()[1]
        (self.place / "files").mkdir()
        user = "user root;" if os.geteuid() == 0 else ""
        temporary = "".join(f"{name}_temp_path {self.place}/{name};" for name in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi"))
        (self.place / "nginx.conf").write_text(f"""
            {user} daemon off; worker_processes 1; pid {self.place}/pid; error_log {self.place}/errors; events {{}}
            http {{ access_log off; sendfile on; tcp_nopush on; client_max_body_size 0; {temporary}
              server {{ listen 127.0.0.1:{self.port}; root {self.place}/files; location / {{ dav_methods PUT DELETE; }} }} }}""")
        self.process = subprocess.Popen(["/usr/sbin/nginx", "-p", self.place, "-c", self.place / "nginx.conf"], stdin=subprocess.DEVNULL,
                                        stderr=subprocess.DEVNULL)
        while True:
            with contextlib.suppress(ConnectionRefusedError), socket.create_connection(("127.0.0.1", self.port)):
                return self
            assert self.process.poll() is None, (self.place / "errors").read_text()
            time.sleep(0.02)

    def __exit__(self, *_):
        self.process.terminate()
        self.process.wait()
        shutil.rmtree(self.place)


def upload(port, target, megabytes):
    """MB/s, and what was answered. The bytes are the same again and again, since making others costs more than sending."""
    piece = random.randbytes(PIECE)
    connection = http.client.HTTPConnection("127.0.0.1", port)
    started = time.perf_counter()
    connection.putrequest("PUT", target)
    connection.putheader("Content-Length", str(megabytes * PIECE))
    connection.endheaders()
    for _ in range(megabytes):
        connection.send(piece)
    response = connection.getresponse()
    answer = response.read()
    assert response.status in (201, 204), answer
    speed = megabytes / (time.perf_counter() - started)
    connection.close()
    return speed, answer


def download(port, target, megabytes):
    buffer = bytearray(PIECE)
    connection = http.client.HTTPConnection("127.0.0.1", port)
    started = time.perf_counter()
    connection.request("GET", target)
    response = connection.getresponse()
    assert response.status == 200
    size = 0
    while count := response.readinto(buffer):
        size += count
    assert size == megabytes * PIECE, size
    speed = megabytes / (time.perf_counter() - started)
    connection.close()
    return speed


def transfers(megabytes, count, until=lambda: False):
    """Rounds of MiB a second."""
    with Server(*OPEN_HOUSE) as server, Nginx() as nginx:
        def upload_here():
            speed, answer = upload(server.port, "/api/files?filename=new.bin", megabytes)
            server.delete(json.loads(answer)["url"])
            return speed

        def upload_there():
            speed, _ = upload(nginx.port, "/new.bin", megabytes)
            os.unlink(nginx.place / "files/new.bin")
            return speed

        kept = json.loads(upload(server.port, "/api/files?filename=kept.bin", megabytes)[1])["url"]
        upload(nginx.port, "/kept.bin", megabytes)
        sides = {"upload to pysandbox-server": upload_here, "upload to nginx": upload_there,
                 "download from pysandbox-server": lambda: download(server.port, kept, megabytes),
                 "download from nginx": lambda: download(nginx.port, "/kept.bin", megabytes)}
        for side in list(sides.values())[2:]:
            side()  # warms the page cache; not counted
        return in_rounds(count, sides, until)


def measure_transfers(options):
    print(f"\nTransfers of {options.megabytes} MiB, {options.transfer_rounds} rounds")
    rounds = transfers(options.megabytes, options.transfer_rounds)
    tell_sides(rounds, "MiB/s")
    tell_ratios(rounds, ("upload to pysandbox-server", "upload to nginx"), ("download from pysandbox-server", "download from nginx"))


PARTS = {"trips": measure_trips, "submits": measure_submits, "transfers": measure_transfers}


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--program", default="build/release/bin/pysandbox-server")
    parser.add_argument("--only", default="trips,submits,transfers", help="which parts")
    parser.add_argument("--rounds", type=int, default=200, help="of round trips")
    parser.add_argument("--submits", type=int, default=4000, help="in each of the rounds of submissions")
    parser.add_argument("--submit-rounds", type=int, default=5)
    parser.add_argument("--clients", type=int, default=64)
    parser.add_argument("--megabytes", type=int, default=1024, help="of a transfer")
    parser.add_argument("--transfer-rounds", type=int, default=5)
    options = parser.parse_args()
    use(options.program)
    print(f"{os.cpu_count()} cpus, Linux {os.uname().release}, load {os.getloadavg()[0]:.2f}, {options.program}")
    for part in options.only.split(","):
        PARTS[part](options)


if __name__ == "__main__":
    main()
