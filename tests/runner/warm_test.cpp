// Parked interpreters: like new ones in all that a program can see, and nothing of one program in the next.
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <filesystem>
#include <fstream>
#include <functional>
#include <map>
#include <optional>
#include <set>
#include <span>
#include <sstream>
#include <string>
#include <thread>
#include <vector>

#include <pysandbox/container_runner.hpp>
#include <pysandbox/error.hpp>

#include "container/native_container.hpp"
#include "support/environment_with_module.hpp"
#include "support/temporary_directory.hpp"
#include "support/warm_runner.hpp"

namespace pysandbox::testing {
namespace {

namespace fs = std::filesystem;

Program program(const std::string& code) { return {.entry_point = "main.py", .code = code}; }

RunResult run(ContainerRunner& runner, const std::string& code, StartMode start = StartMode::any) {
  return runner.open({.start = start})->run(program(code), {});
}

std::set<std::string> outputs(ContainerRunner& runner, const std::string& code, int runs) {
  std::set<std::string> all;
  for (int i = 0; i < runs; ++i) {
    const RunResult result = run(runner, code);
    EXPECT_EQ(result.outcome, Outcome::ok) << result.stderr;
    all.insert(result.stdout);
  }
  return all;
}

NativeRunnerOptions with_pool(std::uint32_t parked) {
  NativeRunnerOptions options;
  options.pool.maximum = options.pool.minimum = parked;
  return options;
}

std::size_t parked(ContainerRunner& runner) { return dynamic_cast<container::PoolHolder&>(runner).parked(""); }

void wait_for(const std::function<bool()>& condition) {
  for (int looks = 0; !condition() && looks < 2'000; ++looks)
    std::this_thread::sleep_for(std::chrono::milliseconds(10));
  ASSERT_TRUE(condition());
}

// Of one of our containers: its pid here, and as each of the namespaces around it counts.
struct Inside {
  pid_t pid;
  std::vector<pid_t> numbers;
};

pid_t parent_of(pid_t pid) {
  std::ifstream status("/proc/" + std::to_string(pid) + "/status");
  for (std::string word; status >> word;) {
    if (word == "PPid:" && status >> pid) return pid;
  }
  return 0;
}

bool is_ours(pid_t pid) {
  while (pid > 1 && pid != ::getpid()) pid = parent_of(pid);
  return pid == ::getpid();
}

std::vector<Inside> processes_inside() {
  std::vector<Inside> all;
  for (const auto& entry : fs::directory_iterator("/proc")) {
    const std::string name = entry.path().filename();
    if (name.find_first_not_of("0123456789") != std::string::npos) continue;
    std::ifstream status(entry.path() / "status");
    for (std::string line; std::getline(status, line);) {
      if (!line.starts_with("NSpid:")) continue;
      std::istringstream numbers(line.substr(6));
      Inside one{std::stoi(name), {}};
      for (pid_t number; numbers >> number;) one.numbers.push_back(number);
      one.numbers.erase(one.numbers.begin());
      if (!one.numbers.empty() && is_ours(one.pid)) all.push_back(one);
    }
  }
  return all;
}

bool is_dead(pid_t pid) {
  std::ifstream status("/proc/" + std::to_string(pid) + "/status");
  for (std::string word; status >> word;) {
    if (word == "State:" && status >> word) return word == "Z" || word == "X";
  }
  return true;
}

// Of the zygote's container at depth 1, of parked containers at depth 2.
void kill_inside(std::size_t depth, pid_t number) {
  std::vector<pid_t> killed;
  for (const auto& one : processes_inside()) {
    if (one.numbers.size() != depth || one.numbers.back() != number) continue;
    if (::kill(one.pid, SIGKILL) == 0) killed.push_back(one.pid);
  }
  ASSERT_FALSE(killed.empty());
  for (const pid_t pid : killed) wait_for([&] { return is_dead(pid); });
}

constexpr pid_t init = 1;
constexpr pid_t parked_interpreter = 2;
constexpr pid_t zygote = 3;

TEST(WarmStart, IsNotThereWithoutAPool) {
  const auto runner = make_native_runner();
  EXPECT_EQ(run(*runner, "pass").isolation.start, "cold");
  EXPECT_EQ(run(*runner, "pass", StartMode::fresh).isolation.start, "fresh");
  EXPECT_EQ(processes_inside().size(), 0u);
}

TEST(WarmStart, IsColdFirstAndWarmThenAndFreshWhenThatIsAsked) {
  const auto runner = make_native_runner(with_pool(2));
  EXPECT_EQ(run(*runner, "pass").isolation.start, "cold");
  wait_for([&] { return parked(*runner) == 2; });
  EXPECT_EQ(run(*runner, "pass").isolation.start, "warm");
  EXPECT_EQ(run(*runner, "pass", StartMode::fresh).isolation.start, "fresh");
}

PoolUsage usage(ContainerRunner& runner) { return runner.pool_usage().value(); }

TEST(WarmStart, ForksTheZygoteForAProgramWhenNothingIsParked) {
  const auto runner = make_native_runner(with_pool(1));
  run(*runner, "pass");
  wait_for([&] { return parked(*runner) == 1; });
  const PoolUsage before = usage(*runner);
  std::vector<std::unique_ptr<Container>> open;
  for (int i = 0; i < 6; ++i) open.push_back(runner->open({}));
  for (const auto& container : open) {
    const RunResult result = container->run(program("print(1)"), {});
    EXPECT_EQ(result.stdout, "1\n");
    EXPECT_EQ(result.isolation.start, "warm");
  }
  const PoolUsage after = usage(*runner);
  EXPECT_EQ(after.parked_starts + after.on_demand_starts - before.parked_starts - before.on_demand_starts, 6u);
  EXPECT_GE(after.on_demand_starts - before.on_demand_starts, 3u);  // some may have been parked meanwhile
  EXPECT_EQ(after.cold_starts, before.cold_starts);
  EXPECT_EQ(after.failures, 0u);
}

// More programs than a zygote may serve, at once and from many threads.
TEST(WarmStart, ServesABurstAcrossTheEndOfAZygote) {
  NativeRunnerOptions options = with_pool(2);
  options.pool.rotate_after_programs = 8;
  const auto runner = make_native_runner(options);
  run(*runner, "pass");
  wait_for([&] { return parked(*runner) == 2; });
  std::vector<std::jthread> threads;
  for (int i = 0; i < 8; ++i) {
    threads.emplace_back([&, i] {
      for (int k = 0; k < 6; ++k) {
        const std::string number = std::to_string(10 * i + k);
        EXPECT_EQ(run(*runner, "print(" + number + ")").stdout, number + "\n");
      }
    });
  }
  threads.clear();
  const PoolUsage after = usage(*runner);
  EXPECT_EQ(after.parked_starts + after.on_demand_starts + after.cold_starts, 49u);
  EXPECT_EQ(after.failures, 0u);
  EXPECT_GE(after.zygotes_started, 2u);
}

TEST(WarmStart, IsNotForAProgramWhoseVariablesAnInterpreterReadsWhenItStarts) {
  const auto runner = make_warm_runner();
  for (const std::string name : {"PYTHONHASHSEED", "PYTHONOPTIMIZE", "LC_ALL", "LD_LIBRARY_PATH", "TZ"}) {
    Program p = program("import os, sys\nprint(hash('a'), sys.flags.optimize)");
    p.env[name] = "1";
    EXPECT_EQ(runner->open({})->run(p, {}).isolation.start, "cold") << name;
  }
}

// Whatever a program can ask about itself.
constexpr const char* self_portrait = R"(
import gc, os, resource, signal, sys, threading
print(sys.argv, sys.path, sys.flags, sys.warnoptions, sys._xoptions, sys.executable, sys.getrecursionlimit())
for stream in (sys.stdin, sys.stdout, sys.stderr):
    print(stream.name, stream.mode, stream.encoding, stream.errors, stream.newlines, stream.line_buffering,
          stream.write_through, stream.fileno(), stream.seekable(), stream.isatty(), stream.buffer.raw, stream.closed)
print(sys.stdin is sys.__stdin__, sys.stdout is sys.__stdout__, sys.stderr is sys.__stderr__)
print(sorted(os.environ.items()), sorted(os.environb.items()))
print(os.getcwd(), os.getpid(), os.getppid(), os.getpgrp(), os.getsid(0), os.umask(0o22))
print(os.getresuid(), os.getresgid(), os.getgroups(), os.sched_getscheduler(0), os.uname())
print({s.name: str(signal.getsignal(s)).split(" at ")[0] for s in signal.Signals}, signal.pthread_sigmask(0, []))
print({name: resource.getrlimit(getattr(resource, name)) for name in sorted(dir(resource)) if name.startswith("RLIMIT_")})
print(threading.active_count(), threading.current_thread() is threading.main_thread(), threading.get_native_id())
print(gc.isenabled(), gc.get_threshold(), gc.get_debug())
print(sorted(vars()), __name__, __file__, __spec__, __loader__, __package__, sys.modules["__main__"].__dict__ is vars())
frame, depth = sys._getframe(), 0
while frame: frame, depth = frame.f_back, depth + 1
print(depth)
status = dict(line.split(":", 1) for line in open("/proc/self/status"))
for key in ("Name", "Umask", "Uid", "Gid", "Groups", "NSpid", "NoNewPrivs", "Seccomp", "CapInh", "CapPrm", "CapEff", "CapBnd",
            "CapAmb", "SigBlk", "SigIgn", "SigCgt", "Threads"):
    print(key, status[key])
print(sorted(os.listdir("/proc/self/fd")), [os.readlink(f"/proc/self/fd/{n}").split(":")[0] for n in range(3)])
print([p for p in sorted(os.listdir("/proc")) if p.isdigit()], open("/proc/self/oom_score_adj").read())
for line in open("/proc/self/mountinfo"):
    fields = line.split()
    print(fields[4], fields[5], fields[8] if fields[6] == "-" else fields[7])
for top in ("/", "/dev", "/etc", "/run", "/run/pysandbox", "/tmp", "/workspace", "/data", "/dev/shm"):
    print(top, sorted(os.listdir(top)), oct(os.stat(top).st_mode))
usage = os.statvfs("/workspace")
print(usage.f_blocks, usage.f_files, usage.f_bfree, usage.f_ffree)
print(open("/proc/self/cgroup").read().count("job-"), os.readlink("/proc/self/exe"), open("/proc/self/comm").read())
)";

TEST(WarmStart, LooksToAProgramLikeAColdOne) {
  const auto runner = make_warm_runner();
  Program p = program(self_portrait);
  p.args = {"one", "", "zw\xc3\xb6lf", "\xff"};
  p.env = {{"COLOUR", "gr\xc3\xbcn"}, {"RAW", "\xff="}, {"EMPTY", ""}, {"HOME", "/tmp"}};
  p.stdin = "input";
  const RunResult warm = runner->open({})->run(p, {});
  const RunResult cold = runner->open({.start = StartMode::fresh})->run(p, {});
  EXPECT_EQ(warm.outcome, Outcome::ok) << warm.stderr;
  EXPECT_EQ(warm.stdout, cold.stdout);
  EXPECT_EQ(warm.stderr, cold.stderr);
}

// Ends of all kinds; a parked interpreter has an end of its own.
constexpr const char* endings[] = {
    "import sys; sys.exit()",
    "import sys; sys.exit(3)",
    "import sys; sys.exit(300)",
    "import sys; sys.exit(-1)",
    "import sys; sys.exit(True)",
    "import sys; sys.exit(10 ** 30)",
    "import sys; sys.exit('a text')",
    "import sys; sys.exit([1])",
    "raise SystemExit((1, 2))",
    "class Own(SystemExit): pass\nraise Own(4)",
    "raise KeyboardInterrupt",
    "raise BaseException('x')",
    "import os; print('lost', end=''); os._exit(5)",
    "f = open('out', 'w'); f.write('kept')\nimport atexit\natexit.register(print, 'handler')",
    "class A:\n  def __del__(self): print('deleted')\na = A(); b = [a]; b.append(b); print('end')",
    "class A:\n  def __del__(self): print('deleted', a)\na = A(); import json; json.x = 1; print('end')",
    "import weakref\nclass A: pass\na = A(); weakref.finalize(a, print, 'finalized')",
    "def g():\n  try: yield\n  finally: print('closed')\nx = g(); next(x)",
    "import threading, time\nthreading.Thread(target=lambda: (time.sleep(0.1), "
    "print('thread'))).start()\nprint('main')",
    "import threading, time\nthreading.Thread(target=time.sleep, args=(60,), daemon=True).start()\nprint('main')",
    "import atexit\natexit.register(print, 1); atexit.register(print, 2)\n@atexit.register\ndef bad(): 1 / 0",
    "import atexit, sys\natexit.register(sys.exit, 7)",
    "import atexit\natexit._clear()\nprint('cleared')",
    "import os\npid = os.fork()\nif pid: os.waitpid(pid, 0)\nprint('both')",
    "import os, sys\npid = os.fork()\nif not pid: sys.exit(9)\nprint(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]))",
    "import sys\nsys.stdout = open('log', 'w')\nprint('into the file')",
    "import sys\nsys.stdout = open('/dev/full', 'w')\nprint('nowhere')",
    "import sys\nsys.stdout.close()",
    "import sys\nsys.stdout = None",
    "import sys\nsys.stdout.reconfigure(line_buffering=False)\nprint('in the buffer')",
    "import os\nos.close(1)",
    "import sys\nsys.kept = open('out', 'w'); sys.kept.write('kept')",
    "import ctypes\nctypes.CDLL(None).puts(b'of the C library')",
    "import logging, io\nlogging.warning('heard'); logging.shutdown()",
    "from concurrent.futures import ThreadPoolExecutor\nThreadPoolExecutor().submit(print, 'pool')",
    "import multiprocessing\np = multiprocessing.Process(target=print, args=('child',)); p.start()",
    "import tempfile\nd = tempfile.TemporaryDirectory(); open(d.name + '/x', 'w')",
    "import signal, os\nos.kill(os.getpid(), signal.SIGTERM)",
    "import signal\nsignal.raise_signal(signal.SIGINT)",
    "def deep(): deep()\ndeep()",
    "import asyncio\nasync def main(): await asyncio.sleep(0); print('async')\nasyncio.run(main())",
    "def f():\n",
};

struct Seen {
  Outcome outcome;
  std::optional<int> exit_code;
  std::string signal, out, err;
  std::map<std::string, std::string> files;
  bool operator==(const Seen&) const = default;
};

void PrintTo(const Seen& seen, std::ostream* out) {
  *out << to_string(seen.outcome) << ' ' << seen.exit_code.value_or(-1) << ' ' << seen.signal
       << "\nstdout: " << seen.out << "\nstderr: " << seen.err;
  for (const auto& [path, content] : seen.files) *out << "\n" << path << ": " << content;
}

Seen see(ContainerRunner& runner, const std::string& code, StartMode start) {
  const auto container = runner.open({.start = start});
  RunResult result = container->run(program(code), {});
  Seen seen{result.outcome, result.exit_code, result.signal, result.stdout, result.stderr, {}};
  container->collect(result, [&](OutputFile& file) {
    std::string content(file.size(), '\0');
    file.read(std::as_writable_bytes(std::span(content)));
    seen.files[file.path()] = content;
  });
  // Addresses are nobody's business.
  for (std::string* text : {&seen.out, &seen.err}) {
    for (std::size_t at = 0; (at = text->find("0x", at)) != std::string::npos;) {
      text->erase(at, std::min(text->find_first_not_of("0123456789abcdef", at + 2), text->size()) - at);
    }
  }
  return seen;
}

TEST(WarmStart, LooksToAProgramLikeAColdOneAlsoWithPackages) {
  const EnvironmentWithModule module("X = 1");
  const auto runner = make_warm_runner();
  const Program p = program(std::string(self_portrait) + "import chosen, json\nprint(chosen.__file__, json.__file__)");
  const RunResult warm = runner->open({.environment_directory = module.path()})->run(p, {});
  const RunResult cold = runner->open({.environment_directory = module.path(), .start = StartMode::fresh})->run(p, {});
  EXPECT_EQ(warm.outcome, Outcome::ok) << warm.stderr;
  EXPECT_EQ(warm.stdout, cold.stdout);
}

TEST(WarmStart, RunsNothingOfAnEnvironmentBeforeThereIsAProgram) {
  const EnvironmentWithModule module("X = 1");
  for (const char* name : {"json", "random", "_ctypes", "traceback", "io", "_weakref"}) {
    std::ofstream(module.path() + "/site-packages/" + name + ".py") << "import builtins\nbuiltins.ran_before = True\n";
  }
  const auto runner = make_warm_runner();
  const auto result = runner->open({.environment_directory = module.path()})
                          ->run(program("import builtins, json; print(hasattr(builtins, 'ran_before'))"), {});
  EXPECT_EQ(result.stdout, "False\n") << result.stderr;
}

TEST(WarmStart, IsNotForAnEnvironmentWithCodeThatRunsFirst) {
  const EnvironmentWithModule module("X = 1");
  std::ofstream(module.path() + "/site-packages/sitecustomize.py") << "import builtins\nbuiltins.ran_first = True\n";
  const auto runner = make_native_runner(with_pool(1));
  for (int i = 0; i < 3; ++i) {
    const auto result = runner->open({.environment_directory = module.path()})->run(program("print(ran_first)"), {});
    EXPECT_EQ(result.stdout, "True\n") << result.stderr;
    EXPECT_EQ(result.isolation.start, "cold");
    std::this_thread::sleep_for(std::chrono::milliseconds(200));
  }
}

TEST(WarmStart, EndsLikeAColdOne) {
  const auto runner = make_warm_runner();
  for (const std::string code : endings) {
    EXPECT_EQ(see(*runner, code, StartMode::any), see(*runner, code, StartMode::fresh)) << code;
  }
}

TEST(WarmStart, GivesEachProgramRandomNumbersOfItsOwn) {
  NativeRunnerOptions options = with_pool(4);
  for (const char* module : {"ssl", "uuid", "tempfile", "secrets"}) options.pool.preload.push_back(module);
  const auto runner = make_warm_runner(options);
  for (const std::string one :
       {"random.random()", "random.SystemRandom().random()", "uuid.uuid4()", "uuid.uuid1()", "ssl.RAND_bytes(8)",
        "tempfile.mktemp()", "secrets.token_hex()", "os.urandom(8)", "random.Random().random()"}) {
    EXPECT_EQ(outputs(*runner, "import os, random, secrets, ssl, tempfile, uuid\nprint(" + one + ")", 6).size(), 6u)
        << one;
  }
}

TEST(WarmStart, SharesItsHashSeedOnlyUntilTheZygoteIsReplaced) {
  NativeRunnerOptions options = with_pool(2);
  options.pool.rotate_after_programs = 4;
  const auto runner = make_warm_runner(options);
  const auto hashes = outputs(*runner, "print(hash('a'))", 12);
  EXPECT_GE(hashes.size(), 3u);
  EXPECT_LT(hashes.size(), 12u);
  EXPECT_FALSE(hashes.contains(run(*runner, "print(hash('a'))", StartMode::fresh).stdout));
}

TEST(WarmStart, ShowsNothingOfOneProgramToTheNext) {
  const auto runner = make_warm_runner(with_pool(1));
  const std::string dirty =
      "import builtins, json, os, sys, threading, time\nbuiltins.mark = json.mark = sys.mark = 1\n"
      "os.environ['MARK'] = '1'\n"
      "for place in ('/tmp', '/workspace', '/dev/shm'): open(place + '/mark', 'w')\n"
      "threading.Thread(target=time.sleep, args=(60,), daemon=True).start()\n"
      "if os.fork() == 0: os.setsid(); time.sleep(60)\n";
  const std::string look =
      "import builtins, json, os, sys, threading\n"
      "print(hasattr(builtins, 'mark'), hasattr(json, 'mark'), hasattr(sys, 'mark'), 'MARK' in os.environ,\n"
      "      [os.path.exists(p + '/mark') for p in ('/tmp', '/workspace', '/dev/shm')], threading.active_count(),\n"
      "      [p for p in os.listdir('/proc') if p.isdigit()])";
  for (int i = 0; i < 5; ++i) {
    run(*runner, dirty);
    EXPECT_EQ(run(*runner, look).stdout, "False False False False [False, False, False] 1 ['2']\n");
  }
}

TEST(WarmStart, KeepsSiblingsOfOneZygoteApart) {
  const auto runner = make_warm_runner();
  std::string first;
  std::thread other(
      [&] { first = run(*runner, "import time\nsecret = 'x' * 100\ntime.sleep(1)\nprint('untouched')").stdout; });
  const RunResult result = run(*runner,
                               "import ctypes, os\nlibc = ctypes.CDLL(None, use_errno=True)\nfound = []\n"
                               "for pid in range(1, 400):\n"
                               "  if pid == os.getpid(): continue\n"
                               "  if libc.ptrace(16, pid, 0, 0) == 0: found.append(('ptrace', pid))\n"
                               "  for file in ('mem', 'environ', 'maps', 'root', 'fd/0'):\n"
                               "    try: open(f'/proc/{pid}/{file}', 'rb').read(1); found.append((file, pid))\n"
                               "    except OSError: pass\n"
                               "  if pid > 1:\n"
                               "    try: os.kill(pid, 9); found.append(('kill', pid))\n"
                               "    except OSError: pass\n"
                               "print(found)");
  other.join();
  EXPECT_EQ(result.stdout, "[]\n") << result.stderr;
  EXPECT_EQ(first, "untouched\n");
}

// What a program finds in its memory of the zygote's library is of no use to it: there is nobody at the other end.
TEST(WarmStart, LeavesAProgramNoWayToTheZygote) {
  const auto runner = make_warm_runner();
  const RunResult result = run(*runner,
                               "import ctypes, os, socket, sys\nprint(os.listdir('/proc/self/fd'))\n"
                               "zygote = sys._getframe().f_back.f_back.f_globals\n"
                               "ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)\n"
                               "os.dup2(theirs.fileno(), 4)\n"
                               "for _ in range(3): ours.send(b'\\xff' * 4)\n"
                               "if os.fork() == 0: zygote['serve']()\n"
                               "print(os.waitstatus_to_exitcode(os.wait()[1]))\n"
                               "print(ours.recv(100) != b'')");
  // It looks at itself first, finds descriptors that a zygote has not, says so and ends.
  EXPECT_EQ(result.stdout, "['0', '1', '2', '3']\n1\nTrue\n") << result.stderr;
  EXPECT_EQ(run(*runner, "print(1)").stdout, "1\n");
}

// No memory, descriptor, variable, thread or process of the host's, the zygote's or the pool's.
TEST(WarmStart, SharesNothingWithAnybodyElse) {
  ::setenv("PYSANDBOX_TEST_SECRET", "of the host", 1);
  const auto runner = make_warm_runner();
  const RunResult result = run(*runner, R"(
import gc, os, threading
print([line for line in open("/proc/self/maps") if line.split()[1][1::2] == "ws"])
print(sorted(os.listdir("/proc/self/fd")), os.listdir("/proc/self/task") == [str(threading.get_native_id())])
print([name for name in os.environ if "SECRET" in name], b"SECRET" in open("/proc/self/environ", "rb").read())
print([x for x in gc.get_objects() if isinstance(x, dict) and "PYSANDBOX_TEST_SECRET" in x])
print([p for p in os.listdir("/proc") if p.isdigit()])
)");
  ::unsetenv("PYSANDBOX_TEST_SECRET");
  EXPECT_EQ(result.stdout, "[]\n['0', '1', '2', '3'] True\n[] False\n[]\n['2']\n") << result.stderr;
}

TEST(WarmStart, CountsFromZeroForEachProgram) {
  const auto runner = make_warm_runner();
  run(*runner, "x = bytearray(1 << 27)\nwhile sum(range(10 ** 6)) == 0: pass");
  const RunResult result = run(*runner, "print(1)");
  const RunResult fresh = run(*runner, "print(1)", StartMode::fresh);
  EXPECT_EQ(result.usage.processes_peak, 1u);
  EXPECT_LT(result.usage.memory_peak_bytes, 32u << 20);
  EXPECT_LT(result.usage.cpu_user + result.usage.cpu_system, fresh.usage.cpu_user + fresh.usage.cpu_system);
}

TEST(WarmStart, GivesAProgramItsOwnLimits) {
  const auto runner = make_warm_runner();
  Limits limits;
  limits.workspace_bytes = 600ULL << 20;
  limits.file_size_bytes = 700ULL << 20;
  limits.memory_bytes = 2ULL << 30;
  limits.open_files = 1000;
  const RunResult result = runner->open({.limits = limits})
                               ->run(program("import os, resource\nopen('big', 'wb').write(bytes(500 << 20))\n"
                                             "x = bytearray(600 << 20)\n"
                                             "print(resource.getrlimit(resource.RLIMIT_NOFILE))"),
                                     {});
  EXPECT_EQ(result.stdout, "(1000, 1000)\n") << result.stderr;
}

// What a program that prints makes the kernel copy or map once it runs. Deterministic, within what the sizes of
// directories and names change.
TEST(WarmStart, FindsMostPagesThere) {
  const std::string count =
      "import resource\nbefore = resource.getrusage(resource.RUSAGE_SELF).ru_minflt\n"
      "for i in range(20): print(i)\nexec(compile('x = [str(i) for i in range(10)]\\nprint(x)', 'a', 'exec'))\n"
      "print(resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before)";
  const auto runner = make_warm_runner();
  const std::string text = run(*runner, count).stdout;
  EXPECT_LT(std::stoi(text.substr(text.rfind('\n', text.size() - 2) + 1)), 25) << text;
}

TEST(WarmStart, RunsOnWhenTheZygoteIsKilledAndHasAnotherOneSoon) {
  const auto runner = make_native_runner(with_pool(3));
  run(*runner, "pass");
  wait_for([&] { return parked(*runner) == 3; });
  std::thread running([&] { EXPECT_EQ(run(*runner, "import time; time.sleep(0.3); print(1)").stdout, "1\n"); });
  std::this_thread::sleep_for(std::chrono::milliseconds(100));
  kill_inside(1, zygote);
  for (int i = 0; i < 6; ++i) EXPECT_EQ(run(*runner, "print(1)").stdout, "1\n");
  running.join();
  wait_for([&] { return parked(*runner) >= 3; });
  EXPECT_EQ(run(*runner, "print(1)").isolation.start, "warm");
}

TEST(WarmStart, StartsColdWhenWhatWasParkedIsDead) {
  const auto runner = make_native_runner(with_pool(3));
  run(*runner, "pass");
  for (const auto& [depth, number] :
       {std::pair{std::size_t{2}, parked_interpreter}, {std::size_t{2}, init}, {std::size_t{1}, init}}) {
    wait_for([&] { return parked(*runner) >= 3; });
    const auto container = runner->open({});
    kill_inside(depth, number);
    EXPECT_EQ(container->run(program("print(1)"), {}).stdout, "1\n");
    EXPECT_EQ(run(*runner, "print(1)").stdout, "1\n");
  }
  wait_for([&] { return parked(*runner) >= 3; });
  EXPECT_EQ(run(*runner, "print(1)").isolation.start, "warm");
}

std::string start_with(const std::string& module_code) {
  const EnvironmentWithModule module(module_code);
  NativeRunnerOptions options = with_pool(1);
  options.pool.preload_packages = {"chosen", "not_there"};
  const auto runner = make_native_runner(options);
  RunResult result;
  for (int i = 0; i < 3; ++i) {
    result = runner->open({.environment_directory = module.path()})->run(program("import chosen; print(chosen.X)"), {});
    EXPECT_EQ(result.stdout, "1\n") << result.stderr;
    std::this_thread::sleep_for(std::chrono::milliseconds(500));
  }
  return result.isolation.start;
}

TEST(WarmStart, LoadsWhatTheOperatorHasChosen) { EXPECT_EQ(start_with("X = 1"), "warm"); }

TEST(WarmStart, DoesNotForkAnInterpreterThatHasThreads) {
  EXPECT_EQ(start_with("import threading, time\nX = 1\n"
                       "threading.Thread(target=time.sleep, args=(60,), daemon=True).start()"),
            "cold");
}

TEST(WarmStart, DoesNotForkAnInterpreterThatHasDescriptors) {
  EXPECT_EQ(start_with("X = 1\nkept = open('/etc/hosts')"), "cold");
}

// A package in whose zygote, and so in all that is forked from it, one system call fails.
std::string refusing(long system_call) {
  return "import ctypes, struct\nX = 1\n"
         "steps = [(0x20, 0, 0, 0), (0x15, 0, 1, " +
         std::to_string(system_call) +
         "), (0x06, 0, 0, 0x00050001), (0x06, 0, 0, 0x7fff0000)]\n"
         "code = ctypes.create_string_buffer(b''.join(struct.pack('HBBI', *step) for step in steps))\n"
         "program = struct.pack('H6xQ', len(steps), ctypes.addressof(code))\n"
         "if ctypes.CDLL(None).syscall(317, 1, 0, program) != 0: raise OSError('no filter')\n";
}

struct Tried {
  std::set<std::string> starts;
  PoolUsage pool;
};

// Runs programs until the pool has failed with it, or until one is warm.
Tried run_where(long system_call) {
  const EnvironmentWithModule module(refusing(system_call));
  NativeRunnerOptions options = with_pool(1);
  options.pool.preload_packages = {"chosen"};
  const auto runner = make_native_runner(options);
  Tried tried;
  for (int i = 0; i < 100 && tried.pool.failures == 0 && !tried.starts.contains("warm"); ++i) {
    const auto result = runner->open({.environment_directory = module.path()})->run(program("print(1)"), {});
    EXPECT_EQ(result.stdout, "1\n") << result.stderr;
    tried.starts.insert(result.isolation.start);
    std::this_thread::sleep_for(std::chrono::milliseconds(50));
    tried.pool = usage(*runner);
  }
  return tried;
}

// Each step of lock-down that calls the kernel. No program may ever run in what came of a step that failed.
TEST(WarmStart, IsNotThereWhenAStepOfLockDownFails) {
  const std::map<std::string, long> steps = {{"mount", SYS_mount},
                                             {"fsopen", SYS_fsopen},
                                             {"fsmount", SYS_fsmount},
                                             {"open_tree", SYS_open_tree},
                                             {"mount_setattr", SYS_mount_setattr},
                                             {"move_mount", SYS_move_mount},
                                             {"pivot_root", SYS_pivot_root},
                                             {"umount2", SYS_umount2},
                                             {"sethostname", SYS_sethostname},
                                             {"keyctl", SYS_keyctl},
                                             {"setresuid", SYS_setresuid},
                                             {"setresgid", SYS_setresgid},
                                             {"unshare", SYS_unshare},
                                             {"capset", SYS_capset},
                                             {"prctl", SYS_prctl},
                                             {"setsid", SYS_setsid},
                                             {"close_range", SYS_close_range},
                                             {"landlock_restrict_self", SYS_landlock_restrict_self},
                                             {"seccomp", SYS_seccomp},
                                             {"fspick", SYS_fspick},
                                             {"prlimit64", SYS_prlimit64}};
  for (const auto& [name, number] : steps) {
    const Tried tried = run_where(number);
    EXPECT_EQ(tried.starts, std::set<std::string>{"cold"}) << name;
    EXPECT_GE(tried.pool.failures, 1u) << name;
  }
}

TEST(WarmStart, IsThereWhenTheCallThatFailsIsNoStep) { EXPECT_TRUE(run_where(SYS_swapon).starts.contains("warm")); }

// numpy's old generator knows nothing of forks.
TEST(WarmStart, SeedsTheOldGeneratorOfNumpyOncePerProgram) {
  const EnvironmentWithModule module("X = 1");
  fs::create_directories(module.path() + "/site-packages/numpy/random");
  std::ofstream(module.path() + "/site-packages/numpy/__init__.py") << "from . import random\n";
  std::ofstream(module.path() + "/site-packages/numpy/random/__init__.py")
      << "import posix\nstate, seeds = posix.urandom(8), 0\n"
         "def seed():\n  global state, seeds\n  state, seeds = posix.urandom(8), seeds + 1\n";
  NativeRunnerOptions options = with_pool(4);
  options.pool.preload_packages = {"numpy"};
  const auto runner = make_warm_runner(options);
  std::set<std::string> states;
  for (int i = 0; i < 6; ++i) {
    const auto result =
        runner->open({.environment_directory = module.path()})
            ->run(program("import numpy\nprint(numpy.random.seeds, numpy.random.state.hex(), 'random')"), {});
    EXPECT_EQ(result.stdout.substr(0, 2), "1 ") << result.stdout << result.stderr;
    states.insert(result.stdout);
  }
  EXPECT_EQ(states.size(), 6u);
}

TEST(WarmStart, TellsWhyThereIsNone) {
  NativeRunnerOptions options = with_pool(1);
  options.pool.preload = {"no_such_module"};
  const auto runner = make_native_runner(options);
  EXPECT_EQ(run(*runner, "print(1)").stdout, "1\n");
  const auto findings = runner->check();
  EXPECT_EQ(findings.back().name, "warm starts");
  EXPECT_EQ(findings.back().level, HostFinding::Level::weaker);
  EXPECT_NE(findings.back().detail.find("No module named 'no_such_module'"), std::string::npos)
      << findings.back().detail;
}

TEST(WarmStart, ShowsTheEnvironmentThatIsThereNow) {
  TemporaryDirectory place;
  const auto make = [&](const std::string& text) {
    fs::remove_all(place / "environment");
    fs::create_directories(place / "environment/site-packages");
    std::ofstream(place / "environment/site-packages/greeting.py") << "TEXT = '" << text << "'\n";
  };
  fs::permissions(place.path(), fs::perms(0755));
  const auto runner = make_warm_runner(with_pool(2));
  for (const std::string text : {"first", "second"}) {
    make(text);
    const auto result = runner->open({.environment_directory = place / "environment"})
                            ->run(program("import greeting; print(greeting.TEXT)"), {});
    EXPECT_EQ(result.stdout, text + "\n") << result.stderr;
  }
}

// Whoever took a zygote over would be in a container without network, files and powers.
TEST(WarmStart, KeepsTheZygoteItselfInAContainer) {
  const EnvironmentWithModule module(R"(
import ctypes, os, socket
X = {}
status = dict(line.split(":", 1) for line in open("/proc/self/status"))
X["status"] = {key: status[key].strip() for key in ("CapEff", "CapPrm", "CapBnd", "NoNewPrivs", "Seccomp", "Uid")}
X["processes"] = sorted(p for p in os.listdir("/proc") if p.isdigit())
X["host"] = [p for p in ("/home", "/root", "/var", "/sys", "/proc/sys") if os.path.exists(p)]
X["environ"] = sorted(os.environ)
def denied(what):
    try: what()
    except OSError as error: return error.errno
X["network"] = denied(lambda: socket.socket(socket.AF_INET))
X["write"] = denied(lambda: open("/usr/x", "w"))
X["limit"] = denied(lambda: open("/run/namespaces/max_user_namespaces", "w"))
X["other user"] = denied(lambda: os.setuid(2000001)) is not None
X["ptrace"] = ctypes.CDLL(None).ptrace(16, 1, 0, 0)
X["memory of init"] = denied(lambda: open("/proc/1/mem", "rb"))
X["above"] = os.path.exists("/run/namespaces/../../sys") or os.path.exists("/run/namespaces/../kernel")
)");
  NativeRunnerOptions options = with_pool(1);
  options.pool.preload_packages = {"chosen", "not_there"};
  const auto runner = make_warm_runner(options);
  const RunResult result =
      runner->open({.environment_directory = module.path()})->run(program("import chosen\nprint(chosen.X)"), {});
  const std::string none(16, '0');
  EXPECT_EQ(result.stdout,
            "{'status': {'CapEff': '" + none + "', 'CapPrm': '" + none + "', 'CapBnd': '" + none +
                "', 'NoNewPrivs': '1', 'Seccomp': '2', 'Uid': '1000\\t1000\\t1000\\t1000'}, 'processes': ['3'], "
                "'host': [], 'environ': ['HOME', 'LANG', 'MKL_NUM_THREADS', 'OMP_NUM_THREADS', 'OPENBLAS_NUM_THREADS', "
                "'PATH', 'PYTHONDONTWRITEBYTECODE', 'PYTHONNOUSERSITE', 'TMPDIR'], 'network': 1, "
                "'write': 30, 'limit': 13, 'other user': True, 'ptrace': -1, 'memory of init': 2, 'above': False}\n")
      << result.stderr;
}

TEST(WarmStart, RefusesAPoolThatMakesNoSense) {
  NativeRunnerOptions options = with_pool(4);
  options.pool.minimum = 5;
  EXPECT_THROW(make_native_runner(options), Error);
  options = with_pool(4);
  options.pool.rotate_after_programs = 0;
  EXPECT_THROW(make_native_runner(options), Error);
  options = with_pool(1'001);
  EXPECT_THROW(make_native_runner(options), Error);
}

}  // namespace
}  // namespace pysandbox::testing
