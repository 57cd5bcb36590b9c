#include "probes.hpp"

#include <fmt/format.h>

#include <array>

#include <pysandbox/error.hpp>

namespace pysandbox::cli {
namespace {

// An attack says "stopped" when it was stopped and "succeeded" when it was not; or the sandbox must end it with
// `expected`.
struct Probe {
  const char* name;
  const char* code;
  Outcome expected = Outcome::ok;
};

constexpr auto probes = std::to_array<Probe>({
    {"runs a program", "print('stopped')"},
    {"reads the host's files", R"(
import os
def has_something(path):
    try:
        return bool(os.listdir(path) if os.path.isdir(path) else os.path.exists(path))
    except OSError:
        return False
seen = list(filter(has_something, ('/etc/shadow', '/root', '/home', '/var', '/boot', '/sys/kernel', '/proc/sys')))
print('succeeded' if seen else 'stopped', seen))"},
    {"writes to the host's files", R"(
def can_write(path):
    try:
        open(path, 'w')
        return True
    except OSError:
        return False
print('succeeded' if any(map(can_write, ('/usr/probe', '/etc/probe', '/probe', '/proc/1/comm'))) else 'stopped'))"},
    {"opens a network socket", R"(
import socket
made = []
for family in (socket.AF_INET, socket.AF_INET6, socket.AF_NETLINK, socket.AF_PACKET, 38, 40):
    try:
        socket.socket(family, socket.SOCK_DGRAM)
        made.append(family)
    except OSError:
        pass
print('succeeded' if made else 'stopped', made))"},
    {"sees other processes", R"(
import os
def can_read(pid):
    try:
        return bool(open(f'/proc/{pid}/environ').read())
    except OSError:
        return False
numbers = [int(p) for p in os.listdir('/proc') if p.isdigit()]
# A runner that cannot hide the first process of its container must keep it closed.
others = [p for p in numbers if p != os.getpid() and (p != 1 or can_read(p))]
print('succeeded' if others else 'stopped', others))"},
    {"finds descriptors of the runner", R"(
import os
def is_open(fd):
    try:
        os.fstat(fd)
        return True
    except OSError:
        return False
found = [fd for fd in range(3, 4096) if is_open(fd)]
print('succeeded' if found else 'stopped', found))"},
    {"makes namespaces, mounts, traces, loads", R"(
import ctypes
libc = ctypes.CDLL(None, use_errno=True)
calls = {'unshare': (272, 0x10000000), 'mount': (165, 0, 0, 0, 0, 0), 'ptrace': (101, 0), 'bpf': (321, 0, 0, 0),
         'io_uring_setup': (425, 1, 0), 'keyctl': (250, 0, 0), 'init_module': (175, 0, 0, 0), 'setns': (308, -1, 0)}
through = [name for name, call in calls.items() if libc.syscall(*call) != -1 or ctypes.get_errno() != 1]
print('succeeded' if through else 'stopped', through))"},
    {"has capabilities or can gain them", R"(
status = dict(line.split(':\t', 1) for line in open('/proc/self/status').read().splitlines() if ':\t' in line)
powers = [k for k in ('CapInh', 'CapPrm', 'CapEff', 'CapBnd', 'CapAmb') if int(status[k], 16)]
if status['NoNewPrivs'].strip() != '1': powers.append('NoNewPrivs')
if status['Seccomp'].strip() != '2': powers.append('Seccomp')
print('succeeded' if powers else 'stopped', powers))"},
    {"takes too much memory", "blocks = []\nwhile True: blocks.append(bytearray(1 << 20))", Outcome::memory_limit},
    {"starts too many processes", "import os, time\nwhile True:\n    if os.fork() == 0: time.sleep(60)",
     Outcome::process_limit},
    {"fills the disk", "f = open('f', 'wb')\nwhile True: f.write(bytes(1 << 20))", Outcome::disk_limit},
    {"does not end", "import signal\nsignal.signal(15, signal.SIG_IGN)\nwhile True: pass", Outcome::time_limit},
});

JobRequest request_for(const Probe& probe) {
  JobRequest request{.code = probe.code};
  request.limits.time_limit = std::chrono::milliseconds(probe.expected == Outcome::time_limit ? 200 : 10'000);
  request.limits.grace_period = std::chrono::milliseconds(50);
  request.limits.memory_bytes = 96ULL << 20;
  request.limits.processes = 16;
  request.limits.workspace_bytes = 4ULL << 20;
  return request;
}

HostFinding judge(const Probe& probe, const RunResult& result) {
  const std::string name = fmt::format("probe: {}", probe.name);
  const bool said_stopped = probe.expected != Outcome::ok || result.stdout.starts_with("stopped");
  if (result.outcome == probe.expected && said_stopped) {
    return {name, HostFinding::Level::pass,
            probe.expected == Outcome::ok ? "as it should" : fmt::format("ended with {}", to_string(result.outcome)),
            ""};
  }
  return {name, HostFinding::Level::missing,
          fmt::format("outcome {}, said: {}{}", to_string(result.outcome), result.stdout, result.stderr),
          "report this, with the output of pysandbox doctor --json"};
}

}  // namespace

std::vector<HostFinding> run_probes(Sandbox& sandbox) {
  std::vector<HostFinding> findings;
  for (const Probe& probe : probes) {
    try {
      findings.push_back(judge(probe, sandbox.run(request_for(probe))));
    } catch (const Error& error) {
      findings.push_back({fmt::format("probe: {}", probe.name), HostFinding::Level::missing, error.what(),
                          "mend what the sentence names; without it nothing can be run"});
      break;
    }
  }
  return findings;
}

}  // namespace pysandbox::cli
