"""What one backend lets through: looked at from inside, its filter read from outside, and the attacks tried."""
import json
import os
import pathlib
import re
import secrets
import shutil
import subprocess
import time

import bait as planted
import kernel_filter

HERE = pathlib.Path(__file__).resolve().parent
PAYLOADS = HERE.parent / "escape/payloads"
VERDICTS = {0: "stopped", 42: "succeeded", 43: "not tried", 44: "partly"}
REFUSALS = ("EPERM", "ENOSYS")
# uretprobe and uprobe: the kernel asks no filter about them (kernel/seccomp.c, seccomp_uprobe_exception), so nobody can take them away.
EXEMPT = {335, 336}


class NoAnswer(Exception):
    pass


def look(backend):
    ended = backend.run(HERE / "probe.py", ["look", backend.bait.name, *backend.image])
    if ended.code != 0:
        raise NoAnswer(f"{backend.name}: the probe ended with {ended.code}: {(ended.stderr or ended.stdout).strip()[-500:]}")
    found = json.loads(ended.stdout.strip().splitlines()[-1])
    found["calls"] = {int(number): answer for number, answer in found["calls"].items()}
    return found


def process_called(test, patience_s=20):
    end = time.monotonic() + patience_s
    while time.monotonic() < end:
        for name in filter(str.isdigit, os.listdir("/proc")):
            try:
                if test(pathlib.Path("/proc", name)):
                    return int(name)
            except OSError:
                continue
        time.sleep(0.05)
    return None


def filters(backend):
    """The filters that the kernel asks about the program's calls, or, with a kernel of its own, about the calls of that one.
    None where this machine or this user may not read them."""
    name = f"look-{secrets.token_hex(4)}"
    with backend.started(HERE / "probe.py", ["hold", name]):
        if backend.own_kernel:
            pid = process_called(lambda process: b"runsc-sandbox" in (process / "cmdline").read_bytes() and
                                 backend.id.encode() in (process / "cmdline").read_bytes() and
                                 re.search(r"Seccomp:\t2", (process / "status").read_text()))
        else:
            pid = process_called(lambda process: (process / "comm").read_text().strip() == name)
        if pid is None:
            raise NoAnswer(f"{backend.name}: the process that waits was not found")
        try:
            return kernel_filter.filters_of(pid)
        except PermissionError:
            return None


def reached(calls, status, found_filters):
    """Which system calls get to the kernel, and of which that cannot be told.

    An answer other than EPERM and ENOSYS comes from the kernel. So does EPERM where there is no filter, and where the filter,
    as the kernel has it, allows the call with some arguments."""
    answered = {number for number, answer in calls.items() if answer not in REFUSALS} - EXEMPT
    doubtful = {number for number, answer in calls.items() if answer == "EPERM"} - EXEMPT
    if status.get("Seccomp", "0") == "0":
        return answered | doubtful, set()
    if found_filters is None:
        return answered, doubtful
    return answered | kernel_filter.allowed(found_filters, doubtful), set()


def headers(payload):
    lines = re.findall(r"^# (\S+): (.*)$", payload.read_text(), re.MULTILINE)
    return dict(lines)


def tells_by_itself(head):
    """Whether a payload says itself how it went: where a limit, what is harvested or a secret in it decides, the host must look."""
    return head["expect"] == "ok" and not head.keys() & {"weak-expect", "artifacts", "needs"} and "stdout_bytes" not in head.get("limits", "")


def attacks():
    """Those that can be run anywhere, and how many there are of the others."""
    all_of_them = {payload: headers(payload) for payload in sorted(PAYLOADS.glob("*.py"))}
    chosen = {payload: head for payload, head in all_of_them.items() if tells_by_itself(head)}
    return chosen, sorted(payload.stem for payload in all_of_them.keys() - chosen.keys())


def attack(backend, chosen):
    verdicts = {}
    for payload, head in chosen.items():
        ended = backend.run(payload, backend.bait.words, head.get("limits", "").split())
        said = re.findall(r"^(BLOCKED|ESCAPED|PRECONDITION|PARTLY)\b.*", ended.stdout, re.MULTILINE)
        verdicts[payload.stem] = VERDICTS.get(ended.code, "other") if said else "other"
    return verdicts


def measure(backend, with_attacks):
    found = look(backend)
    found_filters = None
    if found["status"].get("Seccomp", "0") != "0" or backend.own_kernel:
        found_filters = filters(backend)
    calls, doubtful = reached(found["calls"], found["status"], found_filters)
    if backend.own_kernel:
        found["host_calls"] = sorted(kernel_filter.allowed(found_filters, found["calls"])) if found_filters else None
    host = planted.namespaces()
    found.update(
        own_kernel=backend.own_kernel, how=backend.how, reached=sorted(calls), doubtful=sorted(doubtful), filters=len(found_filters or []),
        own_namespaces=[kind for kind in planted.KINDS if kind in found["namespaces"] and found["namespaces"][kind] != host[kind]])
    if with_attacks and backend.attacked:
        found["attacks"] = attack(backend, attacks()[0])
    return found


def versions():
    programs = {"docker": "/usr/sbin/dockerd", "runc": "runc", "runsc": "runsc", "bubblewrap": "bwrap"}
    said = {}
    for name, program in programs.items():
        if shutil.which(program):
            line = subprocess.run([program, "--version"], capture_output=True, text=True).stdout.splitlines()[0]
            said[name] = re.search(r"\d[\w.+~-]*", line).group()
    return said
