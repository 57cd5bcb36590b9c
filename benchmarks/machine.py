"""The machine that is measured on: what it is, and how busy it is with other things."""
import glob
import os
import pathlib
import platform
import subprocess
import time

TICKS = os.sysconf("SC_CLK_TCK")
BUSY_FROM = 0.10  # foreign load from which a round counts as disturbed


def cpu_seconds():
    """Of all processors together: (busy, stolen by the host of a virtual machine)."""
    user, nice, system, _idle, _wait, interrupts, soft, steal = map(int, pathlib.Path("/proc/stat").read_text().split()[1:9])
    return (user + nice + system + interrupts + soft) / TICKS, steal / TICKS


class CpuClock:
    """Processor seconds of the whole machine since its start, kernel threads included."""

    def __init__(self):
        self.began, (self.busy, self.steal) = time.monotonic(), cpu_seconds()

    def spent(self):
        busy, _ = cpu_seconds()
        return busy - self.busy

    def part(self):
        """Of all processors, how much was busy or stolen."""
        busy, steal = cpu_seconds()
        return (busy - self.busy + steal - self.steal) / max(time.monotonic() - self.began, 1e-3) / os.cpu_count()


def idle_load(seconds):
    """How busy the machine is while we do nothing."""
    clock = CpuClock()
    time.sleep(seconds)
    return clock.part()


def settle(most_s):
    """Waits until the machine is at rest: what a block left to be done later (containers to take away, others to be parked)
    is not paid by the next one. For so long at most, for others may keep it busy."""
    until = time.monotonic() + most_s
    while idle_load(0.03) > BUSY_FROM and time.monotonic() < until:
        pass


def read(path):
    try:
        return pathlib.Path(path).read_text().strip()
    except OSError:
        return ""


def line_of(path, name):
    for line in read(path).splitlines():
        if line.startswith(name):
            return line.split(":", 1)[1].strip()
    return "unknown"


def cgroups():
    mounts = [line.split() for line in read("/proc/self/mounts").splitlines()]
    v1 = any(kind == "cgroup" for _, _, kind, *_ in mounts)
    v2 = [options for _, _, kind, options, *_ in mounts if kind == "cgroup2"]
    name = "hybrid (controllers on v1)" if v1 and v2 else "v2" if v2 else "v1" if v1 else "none"
    return name + (", favordynmods" if any("favordynmods" in options for options in v2) else "")


def version(*command):
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=30)
    except OSError:
        return "not installed"
    text = done.stdout or done.stderr
    return text.strip().splitlines()[0] if text.strip() else "unknown"


def left_behind():
    """Mounts and cgroups of jobs and of containers that are there now."""
    mounts = {f"mount {line.split()[1]}" for line in read("/proc/self/mounts").splitlines()}
    groups = {path for pattern in ("pysandbox/job-*", "*/pysandbox/job-*", "*/docker", "*/bench-*") for path in glob.glob(f"/sys/fs/cgroup/{pattern}")}
    return mounts | {f"cgroup {path}" for path in groups}


def describe():
    weak = [os.path.basename(path) for path in sorted(glob.glob("/sys/devices/system/cpu/vulnerabilities/*"))
            if read(path).startswith("Mitigation")]
    governor = read("/sys/devices/system/cpu/cpu0/cpufreq/scaling_governor")
    return {
        "processors": os.cpu_count(),
        "model": line_of("/proc/cpuinfo", "model name"),
        "virtual": "hypervisor" in line_of("/proc/cpuinfo", "flags").split(),
        "memory_gib": round(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30, 1),
        "kernel": platform.release(),
        "cgroups": cgroups(),
        "mitigations": weak,
        "governor": governor or "none",
        "python": version("/usr/bin/python3", "--version"),
        "load_average": os.getloadavg()[0],
    }
