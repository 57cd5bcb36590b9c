"""The peer multiprocessing.forkserver: speaks as bench_driver does (driver/block.hpp) and forks a Python that has imported
what jobs use. It isolates nothing.

    forkserver_side.py [MODULE...]
"""
import collections
import multiprocessing
import multiprocessing.connection
import os
import sys
import tempfile
import threading
import time

MODULES = sys.argv[1:]

# Process.start() looks at all processes that were started, and of two threads that look at one the second finds nothing.
LOOKING = threading.Lock()


def job(code, directory, output, errors):
    os.dup2(output.fileno(), 1)
    os.dup2(errors.fileno(), 2)
    output.close()
    errors.close()
    os.chdir(directory)
    exec(compile(code, "main.py", "exec"), {"__name__": "__main__"})


def one(context, block):
    with tempfile.TemporaryFile() as errors:
        reader, output = context.Pipe(duplex=False)
        start = time.monotonic_ns()
        first = killed = 0
        process = context.Process(target=job, args=(block["word"][-1], block["directory"][-1], output,
                                                    multiprocessing.connection.Connection(os.dup(errors.fileno()))))
        with LOOKING:
            process.start()
        output.close()
        text = b""
        deadline = start + int(block["deadline_ms"][-1]) * 1_000_000
        while True:
            if not killed and not reader.poll(max(0, deadline - time.monotonic_ns()) / 1e9):
                killed = time.monotonic_ns()
                process.kill()
            piece = os.read(reader.fileno(), 65536)
            if not piece:
                break
            first = first or time.monotonic_ns()
            text += piece
        multiprocessing.connection.wait([process.sentinel])
        with LOOKING:
            process.join()
        end = time.monotonic_ns()
        reader.close()
        errors.seek(0)
        return f"sample {start} {first} {killed} {end} {process.exitcode} .{text.hex()} .{errors.read().hex()}"


def run(context, block):
    count, clients, pause = (int(block[key][-1]) for key in ("count", "clients", "pause_us"))
    until = time.monotonic() + int(block["duration_ms"][-1]) / 1000
    left, lines, lock = count, [], threading.Lock()

    def take():
        nonlocal left
        with lock:
            left -= 1
            return left >= 0 if count else time.monotonic() < until

    def client():
        while take():
            lines.append(one(context, block))
            time.sleep(pause / 1e6)

    threads = [threading.Thread(target=client) for _ in range(clients)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    print("\n".join([*lines, "done"]), flush=True)


def main():
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["__main__", *MODULES])
    block = collections.defaultdict(lambda: ["0"])
    for line in sys.stdin:
        key, _, value = line.strip().partition(" ")
        if key == "go":
            run(context, block)
            block.clear()
        else:
            value = bytes.fromhex(value).decode() if key in ("word", "directory") else value
            block[key] = [value]


if __name__ == "__main__":
    main()
else:  # in the server, from which jobs are forked
    for name in MODULES:
        __import__(name)
