"""A process that runs blocks of jobs and times them; what it is told and answers is in driver/block.hpp."""
import dataclasses
import os
import subprocess

# Nobody's own settings, and the programs of the system before anybody's own.
CLEAN = {"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "LANG": "C.UTF-8", "HOME": os.environ.get("HOME", "/")}

HEXADECIMAL = ("word", "kill", "body", "request", "directory")


class DriverError(Exception):
    """The harness itself could not do its part."""


@dataclasses.dataclass
class Sample:
    start: int  # all in nanoseconds of CLOCK_MONOTONIC; 0: never
    output: int
    killed: int
    end: int
    status: int
    text: bytes
    errors: bytes

    @property
    def to_output(self):
        return ((self.output or self.end) - self.start) / 1e9

    @property
    def to_end(self):
        return (self.end - self.start) / 1e9


class BlockDriver:
    def __init__(self, *command, env=None):
        self.command = command
        self.env = {**CLEAN, **(env or {})}

    def __enter__(self):
        # A Ctrl-C is for the harness: the driver ends when its input does.
        self.process = subprocess.Popen(self.command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=self.env, text=True, start_new_session=True)
        return self

    def __exit__(self, *_):
        self.process.stdin.close()
        try:
            self.process.wait(30)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()

    def run(self, block):
        """`block`: pairs of key and value."""
        lines = [f"{key} {value.encode().hex() if key in HEXADECIMAL else value}" for key, value in block]
        self.process.stdin.write("\n".join([*lines, "go", ""]))
        self.process.stdin.flush()
        return list(self._samples())

    def _samples(self):
        while line := self.process.stdout.readline():
            kind, *rest = line.split()
            if kind == "done":
                return
            if kind == "error":
                raise DriverError(bytes.fromhex(rest[0][1:]).decode(errors="replace"))
            *numbers, text, errors = rest
            yield Sample(*map(int, numbers), bytes.fromhex(text[1:]), bytes.fromhex(errors[1:]))
        raise DriverError(f"{self.command[0]} has ended with {self.process.wait()}")
