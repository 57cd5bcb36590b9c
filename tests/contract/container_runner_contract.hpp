// What every ContainerRunner must do, as tests. To hold an own runner to it:
//
//   INSTANTIATE_TEST_SUITE_P(Mine, ContainerRunnerContract, testing::Values(RunnerKind{"mine", [] { return make_mine();
//   }}));
#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <cstddef>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <functional>
#include <map>
#include <span>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include <pysandbox/container_runner.hpp>
#include <pysandbox/error.hpp>
#include <pysandbox/sandbox.hpp>

namespace pysandbox::testing {

struct RunnerKind {
  std::string name;
  std::function<std::unique_ptr<ContainerRunner>()> make;
  std::string missing{};  // what this host lacks for it: a reason to skip, but not where CI is set
};

inline void PrintTo(const RunnerKind& kind, std::ostream* out) { *out << kind.name; }

// An environment as a store makes it: what jobs read is open to all, and lies below a directory that is closed to
// others.
class SmallEnvironment {
 public:
  SmallEnvironment() {
    namespace fs = std::filesystem;
    write("site-packages/greeting/__init__.py", "TEXT = 'hello'\n");
    write("site-packages/json/__init__.py", "OWN = True\n");
    write("bin/tool", "#!/usr/bin/python3\nprint('the tool ran')\n");
    fs::permissions(fs::path(path()) / "bin/tool", fs::perms(0755));
    fs::permissions(place_, fs::perms(0700));
  }
  ~SmallEnvironment() { std::filesystem::remove_all(place_); }
  SmallEnvironment(const SmallEnvironment&) = delete;
  SmallEnvironment& operator=(const SmallEnvironment&) = delete;

  std::string path() const { return place_ / "environment"; }

  void write(const std::string& name, const std::string& text) {
    const auto file = std::filesystem::path(path()) / name;
    std::filesystem::create_directories(file.parent_path());
    std::ofstream(file) << text;
  }

 private:
  std::filesystem::path place_ =
      std::filesystem::temp_directory_path() / ("pysandbox-environment-" + std::to_string(::getpid()));
};

class ContainerRunnerContract : public ::testing::TestWithParam<RunnerKind> {
 protected:
  void SetUp() override {
    const std::string& missing = GetParam().missing;
    if (missing.empty()) return;
    if (std::getenv("CI") != nullptr) FAIL() << missing;
    GTEST_SKIP() << missing;
  }

  struct Ended {
    RunResult result;
    std::map<std::string, std::string> files;
  };

  Ended run(const Program& program, const Limits& limits = {}, const OutputSink& sink = {}) {
    const auto container = runner_->open({limits});
    return end_of(*container, program, sink);
  }

  Ended run(const Program& program, const SmallEnvironment& environment, const Limits& limits = {}) {
    const auto container = runner_->open({.limits = limits, .environment_directory = environment.path()});
    return end_of(*container, program, {});
  }

  Ended run(const std::string& code, const Limits& limits = {}) { return run(program(code), limits); }

  static Ended end_of(Container& container, const Program& program, const OutputSink& sink) {
    Ended ended{container.run(program, sink), {}};
    container.collect(ended.result, [&](OutputFile& file) {
      std::string bytes(file.size() + 1, '\0');
      std::size_t used = 0;
      while (const auto count = file.read(std::as_writable_bytes(std::span(bytes)).subspan(used))) used += count;
      bytes.resize(used);
      ended.files[file.path()] = bytes;
    });
    return ended;
  }

  static Program program(const std::string& code) { return {.entry_point = "main.py", .code = code}; }

  static void expect_failure(const RunResult& result, Outcome outcome, const std::string& limit) {
    EXPECT_EQ(to_string(result.outcome), to_string(outcome)) << result.stdout << result.stderr;
    ASSERT_TRUE(result.failure) << result.stderr;
    EXPECT_EQ(result.failure->limit, limit);
    EXPECT_FALSE(result.failure->observed.empty());
    EXPECT_FALSE(result.failure->hint.empty());
  }

  std::unique_ptr<ContainerRunner> runner_ = GetParam().make();
};

TEST_P(ContainerRunnerContract, RunsAProgramAndReturnsWhatItPrinted) {
  const auto [result, files] = run("import sys\nprint('out')\nprint('err', file=sys.stderr)");
  EXPECT_EQ(result.outcome, Outcome::ok) << result.stderr;
  EXPECT_EQ(result.exit_code, 0);
  EXPECT_EQ(result.stdout, "out\n");
  EXPECT_EQ(result.stderr, "err\n");
  EXPECT_TRUE(files.empty());
}

TEST_P(ContainerRunnerContract, StartsInTheWorkspaceWithItsArgumentsAndLittleEnvironment) {
  Program p = program(
      "import os, sys\nprint(os.getcwd(), sys.argv, __name__, "
      "__file__)\nprint(sorted(os.environ))\nprint(os.environ['COLOUR'])");
  p.args = {"--fast", "two words", ""};
  p.env = {{"COLOUR", "grün"}};
  ::setenv("PYSANDBOX_CANARY", "secret", 1);
  const auto result = run(p).result;
  EXPECT_NE(
      result.stdout.find("/workspace ['/workspace/main.py', '--fast', 'two words', ''] __main__ /workspace/main.py\n"),
      std::string::npos)
      << result.stdout << result.stderr;
  EXPECT_NE(result.stdout.find("grün\n"), std::string::npos);
  EXPECT_EQ(result.stdout.find("CANARY"), std::string::npos);
}

TEST_P(ContainerRunnerContract, GivesStandardInputToTheProgram) {
  Program p = program("import sys\ntext = sys.stdin.read()\nprint(len(text), text[:5], input.__name__)");
  p.stdin = "hello" + std::string(3'000'000, 'x');
  EXPECT_EQ(run(p).result.stdout, "3000005 hello input\n");
  EXPECT_EQ(run("print(input())").result.error.value_or(PythonError{}).name, "EOFError");
}

TEST_P(ContainerRunnerContract, ShowsInputsInTheWorkspaceAndInData) {
  Program p = program(
      "for d in ('/workspace', '/data'):\n  print(open(d + '/a.txt').read(), open(d + '/sub/b.bin', 'rb').read())");
  p.inputs = {{"a.txt", "alpha", ""}, {"sub/b.bin", std::string("\0\xff", 2), ""}};
  const auto [result, files] = run(p);
  EXPECT_EQ(result.stdout, "alpha b'\\x00\\xff'\nalpha b'\\x00\\xff'\n") << result.stderr;
  EXPECT_TRUE(files.empty()) << "an input is not an artifact";
}

TEST_P(ContainerRunnerContract, ReadsInputsFromFilesOfTheHost) {
  const auto path = std::filesystem::temp_directory_path() / ("pysandbox-input-" + std::to_string(::getpid()));
  std::ofstream(path) << "from the host";
  Program p = program("print(open('in.txt').read())");
  p.inputs = {{"in.txt", "", path}};
  EXPECT_EQ(run(p).result.stdout, "from the host\n");
  std::filesystem::remove(path);
  EXPECT_THROW(run(p), Error);
}

// Gives `text`, at most `piece` bytes at a time.
inline ByteSource bytes_of(std::string text, std::size_t piece) {
  return [text = std::move(text), piece, done = std::size_t{0}](std::span<std::byte> buffer) mutable {
    const std::size_t count = std::min({buffer.size(), text.size() - done, piece});
    std::copy_n(std::as_bytes(std::span(text)).begin() + static_cast<std::ptrdiff_t>(done), count, buffer.begin());
    done += count;
    return count;
  };
}

TEST_P(ContainerRunnerContract, ReadsInputsFromAnySourceOfBytes) {
  const std::string large(3'000'000, 'x');
  Program p = program(
      "a = open('sub/a.bin').read()\nprint(len(a), set(a), open('/data/sub/a.bin').read() == a)\n"
      "print(repr(open('b.bin', 'rb').read()), repr(open('empty').read()))");
  p.inputs = {{.path = "sub/a.bin", .bytes = bytes_of(large, 1'000'000), .size = large.size()},
              {.path = "b.bin", .bytes = bytes_of(std::string("\0\xff", 2), 1), .size = 2},
              {.path = "empty", .bytes = bytes_of("", 1), .size = 0}};
  Limits limits;
  limits.workspace_bytes = 1 << 20;  // inputs have room of their own
  const auto [result, files] = run(p, limits);
  EXPECT_EQ(result.stdout, "3000000 {'x'} True\nb'\\x00\\xff' ''\n") << result.stderr;
  EXPECT_TRUE(files.empty()) << "an input is not an artifact";
}

TEST_P(ContainerRunnerContract, RefusesAnInputThatIsNotAsLongAsItSays) {
  const auto refusal_of = [&](const std::string& text, std::uint64_t size) -> std::string {
    Program p = program("print('ran')");
    p.inputs = {{.path = "in.bin", .bytes = bytes_of(text, 1'000), .size = size}};
    try {
      return "it ran: " + run(p).result.stdout;
    } catch (const Error& error) {
      EXPECT_EQ(error.code(), ErrorCode::unavailable) << error.what();
      return error.what();
    }
  };
  EXPECT_NE(refusal_of("abc", 5).find("'in.bin' ended after 3 of 5 bytes"), std::string::npos) << refusal_of("abc", 5);
  EXPECT_NE(refusal_of("", 1).find("'in.bin' ended after 0 of 1 bytes"), std::string::npos);
  for (const std::uint64_t size : {0U, 2U, 4'999'999U}) {
    const std::string message = refusal_of(std::string(size + 1, 'x'), size);
    EXPECT_NE(message.find("'in.bin' has more than the " + std::to_string(size) + " bytes"), std::string::npos)
        << message;
  }
}

TEST_P(ContainerRunnerContract, PassesOnWhatASourceOfBytesThrows) {
  Program p = program("print('ran')");
  p.inputs = {{.path = "in.bin",
               .bytes = [](std::span<std::byte>) -> std::size_t { throw std::domain_error("gone"); },
               .size = 1}};
  EXPECT_THROW(run(p), std::domain_error);
}

TEST_P(ContainerRunnerContract, ReturnsOnlyFilesThatTheOutputsName) {
  Program p = program(R"(
import os
os.makedirs('plots/deep')
for name in ('a.csv', 'b.txt', 'c1.bin', 'cx.bin', 'plots/p.png', 'plots/deep/q.png', '.hidden.csv'):
    open(name, 'w').write(name)
open('in.csv', 'a').write('more')
)");
  p.inputs = {{"in.csv", "some", ""}, {"kept.csv", "kept", ""}};
  const auto names_with = [&](std::vector<std::string> outputs) {
    p.outputs = std::move(outputs);
    std::vector<std::string> names;
    for (const auto& [name, bytes] : run(p).files) names.push_back(name);
    return names;
  };
  using Names = std::vector<std::string>;
  EXPECT_EQ(names_with({"*.csv"}), (Names{"a.csv", "in.csv"})) << "neither hidden files nor inputs";
  EXPECT_EQ(names_with({"plots/**", "c[0-9].bin"}), (Names{"c1.bin", "plots/deep/q.png", "plots/p.png"}));
  EXPECT_EQ(names_with({"**/?.png"}), (Names{"plots/deep/q.png", "plots/p.png"}));
  EXPECT_EQ(names_with({"nothing"}), Names{});
  EXPECT_EQ(names_with({"**"}), names_with({}));
}

TEST_P(ContainerRunnerContract, CountsOnlyFilesThatTheOutputsNameAgainstTheLimits) {
  Program p = program(
      "for i in range(5): open(f'a{i}', 'w').write('x' * 1000)\nfor i in range(4): open(f'z{i}', 'w').write('x')");
  p.outputs = {"z*"};
  Limits limits;
  limits.artifact_count = 3;
  limits.artifact_bytes = 1'000;
  const auto [result, files] = run(p, limits);
  EXPECT_EQ(files.size(), 3u);
  EXPECT_TRUE(files.contains("z0") && files.contains("z1") && files.contains("z2"));
  expect_failure(result, Outcome::ok, "artifact_count");
  EXPECT_EQ(result.failure->observed, "4 files");
}

TEST_P(ContainerRunnerContract, RefusesAPatternThatMakesNoSense) {
  Program p = program("print('ran')");
  p.outputs = {"*.csv", "../secret"};
  EXPECT_THROW(run(p), Error);
}

TEST_P(ContainerRunnerContract, ReturnsFilesThatWereAddedOrChangedAndNoOthers) {
  Program p = program(R"(
import os
os.makedirs('deep/er/__pycache__')
open('deep/er/new.txt', 'w').write('new')
open('deep/er/__pycache__/x.pyc', 'w').write('cache')
open('.hidden', 'w').write('hidden')
open('changed.txt', 'a').write(' and more')
os.symlink('/etc/passwd', 'link')
os.symlink('/etc', 'directory')
open('empty', 'w')
try: os.mkfifo('fifo')
except OSError: pass  # a runner may refuse it
)");
  p.inputs = {{"changed.txt", "old", ""}, {"kept.txt", "kept", ""}};
  const auto [result, files] = run(p);
  const std::map<std::string, std::string> expected{
      {"changed.txt", "old and more"}, {"deep/er/new.txt", "new"}, {"empty", ""}};
  EXPECT_EQ(files, expected) << result.stderr;
}

TEST_P(ContainerRunnerContract, TellsAnExceptionWithItsPlace) {
  const auto result = run("def f(x):\n  return 1 / x\n\nf(0)\n").result;
  EXPECT_EQ(result.outcome, Outcome::exception);
  EXPECT_EQ(result.exit_code, 1);
  ASSERT_TRUE(result.error);
  EXPECT_EQ(result.error->name, "ZeroDivisionError");
  EXPECT_EQ(result.error->value, "division by zero");
  EXPECT_EQ(result.error->line, 2);
  EXPECT_NE(result.error->traceback.find("File \"/workspace/main.py\", line 4, in <module>"), std::string::npos);
  EXPECT_EQ(result.error->traceback.find("<string>"), std::string::npos) << "our bootstrap shows";
  EXPECT_EQ(result.stderr, result.error->traceback);
}

TEST_P(ContainerRunnerContract, TellsASyntaxErrorWithItsLine) {
  const auto result = run("x = 1\nif x\n").result;
  EXPECT_EQ(result.outcome, Outcome::exception);
  ASSERT_TRUE(result.error);
  EXPECT_EQ(result.error->name, "SyntaxError");
  EXPECT_EQ(result.error->line, 2);
}

TEST_P(ContainerRunnerContract, PassesExitCodesOn) {
  const auto exited = run("import sys\nsys.exit(7)").result;
  EXPECT_EQ(exited.outcome, Outcome::nonzero_exit);
  EXPECT_EQ(exited.exit_code, 7);
  EXPECT_FALSE(exited.error);
  EXPECT_EQ(run("import sys\nsys.exit('sorry')").result.stderr, "sorry\n");
  EXPECT_EQ(run("import os\nos._exit(137)").result.outcome, Outcome::nonzero_exit);
  EXPECT_EQ(run("raise SystemExit").result.outcome, Outcome::ok);
}

TEST_P(ContainerRunnerContract, TellsASignalWithThePythonPlace) {
  const auto result = run("import ctypes\ndef crash():\n  ctypes.string_at(0)\ncrash()").result;
  EXPECT_EQ(result.outcome, Outcome::signaled);
  EXPECT_EQ(result.signal, "SIGSEGV");
  EXPECT_FALSE(result.exit_code);
  ASSERT_TRUE(result.error);
  EXPECT_NE(result.error->traceback.find("main.py\", line 3 in crash"), std::string::npos) << result.error->traceback;
}

TEST_P(ContainerRunnerContract, RunsExitHandlersThreadsAndFinalOutput) {
  const auto result = run(R"(
import atexit, sys, threading, time
atexit.register(lambda: print('at exit'))
threading.Thread(target=lambda: (time.sleep(0.05), print('thread'))).start()
sys.stdout.write('no newline')
)")
                          .result;
  EXPECT_EQ(result.stdout, "no newlinethread\nat exit\n");
}

TEST_P(ContainerRunnerContract, RunsSubprocessesAndMultiprocessing) {
  const auto result = run(R"(
import multiprocessing, subprocess, sys
def square(x): return x * x
if __name__ == '__main__':
    for method in ('fork', 'spawn'):
        with multiprocessing.get_context(method).Pool(2) as pool: print(pool.map(square, range(4)))
    print(subprocess.run([sys.executable, '-c', 'print(1)'], capture_output=True, text=True).stdout)
)")
                          .result;
  EXPECT_EQ(result.stdout, "[0, 1, 4, 9]\n[0, 1, 4, 9]\n1\n\n") << result.stderr;
}

TEST_P(ContainerRunnerContract, StreamsOutputWhileTheProgramRuns) {
  std::string seen;
  const auto container = runner_->open({});
  const auto result =
      container->run(program("import time\nprint('first')\ntime.sleep(60)"), [&](Stream, std::string_view text) {
        seen += text;
        container->stop();
      });
  EXPECT_EQ(seen, "first\n");
  EXPECT_EQ(result.outcome, Outcome::cancelled);
  EXPECT_EQ(result.stdout, "first\n");
}

TEST_P(ContainerRunnerContract, EndsTheProgramWhenTheSinkThrows) {
  EXPECT_THROW(run(program("print(1)\nimport time\ntime.sleep(60)"), {},
                   [](Stream, std::string_view) { throw std::runtime_error("full"); }),
               std::runtime_error);
}

TEST_P(ContainerRunnerContract, StopsFromAnotherThreadAlsoBeforeItRuns) {
  const auto container = runner_->open({});
  container->stop();
  EXPECT_EQ(container->run(program("while True: pass"), {}).outcome, Outcome::cancelled);
}

TEST_P(ContainerRunnerContract, EndsWithTheProgramWhateverItLeavesRunning) {
  const auto result = run(R"(
import os, sys
if os.fork() == 0:
    os.setsid()
    if os.fork() == 0:
        print('daemon', flush=True)
        while True: pass
print('main')
)")
                          .result;
  EXPECT_EQ(result.outcome, Outcome::ok);
  EXPECT_FALSE(result.warnings.empty());
}

TEST_P(ContainerRunnerContract, TellsWhatWasUsed) {
  const auto result = run("x = bytearray(50_000_000)\nopen('f', 'wb').write(x)\nsum(range(3_000_000))").result;
  EXPECT_GT(result.usage.wall_time.count(), 0);
  EXPECT_GT(result.usage.cpu_user.count() + result.usage.cpu_system.count(), 10'000);
  EXPECT_LE(result.usage.cpu_user + result.usage.cpu_system, result.usage.wall_time * 4);
  EXPECT_GT(result.usage.memory_peak_bytes, 40'000'000u);
  EXPECT_GE(result.usage.processes_peak, 1u);
  if (result.isolation.boundary == "vm_like") return;  // gVisor's /proc/PID/io leaves out children that have ended
  EXPECT_GE(result.usage.written_bytes, 50'000'000u);
  EXPECT_GT(result.usage.read_bytes, 0u);
}

TEST_P(ContainerRunnerContract, SaysWhatIsolatedIt) {
  const auto isolation = run("pass").result.isolation;
  // runsc takes no cgroup namespace; programs see no cgroup there, but a kernel of their own. Docker has no user
  // namespace unless its operator wants one.
  const bool has_all = isolation.boundary == "process" && isolation.runner != "docker";
  EXPECT_GE(isolation.namespaces.size(), has_all ? 7u : 6u);
  EXPECT_TRUE(isolation.boundary == "process" || isolation.boundary == "vm_like") << isolation.boundary;
  EXPECT_EQ(isolation.runtime.empty(), isolation.runner == "native");
  EXPECT_FALSE(isolation.seccomp.empty());
  EXPECT_TRUE(isolation.limits == "cgroup" || isolation.limits == "rlimits+watchdog") << isolation.limits;
  EXPECT_EQ(isolation.limits == "cgroup", isolation.cgroup != "none");
}

// Each limit: hit, and explained.

TEST_P(ContainerRunnerContract, KeepsTheTimeLimitAndWhatWasDoneBeforeIt) {
  Limits limits;
  limits.time_limit = std::chrono::milliseconds(700);
  const auto [result, files] = run(R"(
import time
print('begun')
open('partial.txt', 'w').write('half')
def wait():
    try:
        time.sleep(60)
    finally:
        print('flushed')
wait()
)",
                                   limits);
  expect_failure(result, Outcome::time_limit, "time_limit");
  EXPECT_EQ(result.stdout, "begun\nflushed\n");
  EXPECT_EQ(files.at("partial.txt"), "half");
  ASSERT_TRUE(result.error);
  EXPECT_EQ(result.error->line, 7);
  EXPECT_NE(result.error->traceback.find("line 7, in wait"), std::string::npos) << result.error->traceback;
}

TEST_P(ContainerRunnerContract, CallsTheProgramsOwnHandlerAtTheTimeLimit) {
  Limits limits;
  limits.time_limit = std::chrono::milliseconds(500);
  const auto result = run("import signal, time\ndef save(*_):\n  print('saved')\n  raise SystemExit(3)\n"
                          "signal.signal(signal.SIGTERM, save)\ntime.sleep(60)",
                          limits)
                          .result;
  expect_failure(result, Outcome::time_limit, "time_limit");
  EXPECT_EQ(result.stdout, "saved\n");
  EXPECT_EQ(result.exit_code, 3);
}

TEST_P(ContainerRunnerContract, LeavesSignalsOfForkedWorkersAtTheirDefaults) {
  const auto result =
      run("import os, signal\nfor i in range(100):\n  pid = os.fork()\n  if pid == 0:\n    while True: pass\n"
          "  os.kill(pid, signal.SIGTERM)\n  status = os.waitpid(pid, 0)[1]\n"
          "  assert os.WTERMSIG(status) == signal.SIGTERM, status\nprint('all')")
          .result;
  EXPECT_EQ(result.stdout, "all\n") << result.stderr;
}

TEST_P(ContainerRunnerContract, TellsWhereAProgramWasThatHearsNoSignal) {
  Limits limits;
  limits.time_limit = std::chrono::milliseconds(500);
  limits.grace_period = std::chrono::milliseconds(100);
  const auto result = run("x = 10 ** 12\ndef add():\n  return sum(range(x))\nadd()", limits).result;
  expect_failure(result, Outcome::time_limit, "time_limit");
  ASSERT_TRUE(result.error) << result.stderr;
  EXPECT_NE(result.error->traceback.find("line 3 in add"), std::string::npos) << result.error->traceback;
}

TEST_P(ContainerRunnerContract, KillsAtTheTimeLimitWithoutGraceWhenThereIsNone) {
  Limits limits;
  limits.time_limit = std::chrono::milliseconds(300);
  limits.grace_period = std::chrono::milliseconds(0);
  const auto result =
      run("import signal\nsignal.signal(15, lambda *a: print('heard'))\nwhile True: pass", limits).result;
  expect_failure(result, Outcome::time_limit, "time_limit");
  EXPECT_EQ(result.stdout, "");
  EXPECT_EQ(result.signal, "SIGKILL");
}

TEST_P(ContainerRunnerContract, KeepsTheCpuLimitOverAllProcesses) {
  Limits limits;
  limits.cpu_time_limit = std::chrono::milliseconds(600);
  limits.cpus = 2;
  const auto result = run("import os\nos.fork()\nwhile True: pass", limits).result;
  expect_failure(result, Outcome::cpu_limit, "cpu_time_limit");
  ASSERT_TRUE(result.error);
  EXPECT_EQ(result.error->line, 3);
}

TEST_P(ContainerRunnerContract, KeepsTheMemoryLimit) {
  Limits limits;
  limits.memory_bytes = 64 << 20;
  expect_failure(run("blocks = []\nwhile True: blocks.append(bytearray(1 << 20))", limits).result,
                 Outcome::memory_limit, "memory_bytes");
}

TEST_P(ContainerRunnerContract, CountsTheMemoryOfAllProcessesTogether) {
  Limits limits;
  limits.memory_bytes = 96 << 20;
  expect_failure(run("import os, time\nfor i in range(4):\n  if os.fork() == 0:\n    x = bytearray(40 << 20)\n    "
                     "time.sleep(60)\ntime.sleep(60)",
                     limits)
                     .result,
                 Outcome::memory_limit, "memory_bytes");
}

TEST_P(ContainerRunnerContract, KeepsTheProcessLimitForProcessesAndThreads) {
  Limits limits;
  limits.processes = 8;
  expect_failure(run("import os, time\nwhile True:\n  if os.fork() == 0: time.sleep(60)", limits).result,
                 Outcome::process_limit, "processes");
  expect_failure(
      run("import threading, time\nwhile True: threading.Thread(target=time.sleep, args=(60,), daemon=True).start()",
          limits)
          .result,
      Outcome::process_limit, "processes");
  EXPECT_EQ(
      run("import threading, time\nfor i in range(7): threading.Thread(target=time.sleep, args=(0.1,)).start()", limits)
          .result.outcome,
      Outcome::ok);
}

TEST_P(ContainerRunnerContract, KeepsTheOpenFilesLimit) {
  Limits limits;
  limits.open_files = 32;
  expect_failure(run("files = [open('/dev/null') for i in range(64)]", limits).result, Outcome::exception,
                 "open_files");
}

TEST_P(ContainerRunnerContract, KeepsTheFileSizeLimit) {
  Limits limits;
  limits.file_size_bytes = 1 << 20;
  expect_failure(run("open('f', 'wb').write(bytes(2 << 20))", limits).result, Outcome::disk_limit, "file_size_bytes");
}

TEST_P(ContainerRunnerContract, KeepsTheWorkspaceLimitInEveryPlaceTogether) {
  Limits limits;
  limits.workspace_bytes = 4 << 20;
  expect_failure(run("f = open('f', 'wb')\nwhile True: f.write(bytes(1 << 16))", limits).result, Outcome::disk_limit,
                 "workspace_bytes");
  // With gVisor /dev/shm has a quota of its own: see src/oci/bundle.cpp.
  const bool own_shm = run("pass").result.isolation.boundary == "vm_like";
  const std::string places = own_shm ? "('/workspace', '/tmp', '/tmp/')" : "('/workspace', '/tmp', '/dev/shm')";
  expect_failure(
      run("for n, d in enumerate(" + places + "): open(f'{d}/f{n}', 'wb').write(bytes(2 << 20))", limits).result,
      Outcome::disk_limit, "workspace_bytes");
  EXPECT_NE(run("open('/dev/shm/f', 'wb').write(bytes(5 << 20))", limits).result.outcome, Outcome::ok);
  EXPECT_EQ(run("open('f', 'wb').write(bytes(4 << 20))", limits).result.outcome, Outcome::ok);
}

TEST_P(ContainerRunnerContract, KeepsTheInodeLimit) {
  Limits limits;
  limits.workspace_inodes = 100;
  expect_failure(run("for i in range(1000): open(f'f{i}', 'w')", limits).result, Outcome::disk_limit,
                 "workspace_inodes");
}

TEST_P(ContainerRunnerContract, TruncatesOutputInTheMiddleAndGoesOn) {
  Limits limits;
  limits.stdout_bytes = 1000;
  limits.stderr_bytes = 500;
  const auto [result, files] =
      run("import sys\nprint('BEGIN')\nfor i in range(100000): print('x' * 50)\nprint('END')\nsys.stderr.write('E' * "
          "2000)\nopen('done', 'w')",
          limits);
  EXPECT_EQ(result.outcome, Outcome::ok);
  EXPECT_TRUE(result.stdout_truncated);
  EXPECT_TRUE(result.stderr_truncated);
  EXPECT_TRUE(result.stdout.starts_with("BEGIN\n"));
  EXPECT_TRUE(result.stdout.ends_with("END\n"));
  EXPECT_NE(result.stdout.find("left out"), std::string::npos);
  EXPECT_LT(result.stdout.size(), 1100u);
  EXPECT_LT(result.stderr.size(), 600u);
  EXPECT_TRUE(files.contains("done"));
  expect_failure(result, Outcome::ok, "stdout_bytes");
  limits.stdout_bytes = 1 << 20;
  expect_failure(run("import sys\nsys.stderr.write('E' * 2000)", limits).result, Outcome::ok, "stderr_bytes");
}

TEST_P(ContainerRunnerContract, KeepsTheLimitsOnArtifacts) {
  Limits limits;
  limits.artifact_count = 3;
  const auto many = run("for i in range(5): open(f'f{i}', 'w').write('x')", limits);
  EXPECT_EQ(many.files.size(), 3u);
  expect_failure(many.result, Outcome::ok, "artifact_count");
  limits.artifact_bytes = 1000;
  const auto large = run("open('a', 'w').write('x' * 900)\nopen('b', 'w').write('x' * 200)", limits);
  EXPECT_EQ(large.files.size(), 1u);
  expect_failure(large.result, Outcome::ok, "artifact_bytes");
}

TEST_P(ContainerRunnerContract, ShowsAnEnvironmentWhosePackagesCanBeImported) {
  const SmallEnvironment environment;
  const Program p = program(
      "import greeting, mmap, subprocess\nprint(greeting.TEXT, greeting.__file__)\n"
      "with open(greeting.__file__, 'rb') as file: mmap.mmap(file.fileno(), 0, prot=mmap.PROT_READ | mmap.PROT_EXEC)\n"
      "print(subprocess.run(['tool'], capture_output=True, text=True).stdout, end='')\n");
  const auto result = run(p, environment).result;
  EXPECT_EQ(result.stdout, "hello /environment/site-packages/greeting/__init__.py\nthe tool ran\n") << result.stderr;
}

TEST_P(ContainerRunnerContract, ShowsAnEnvironmentReadOnly) {
  const SmallEnvironment environment;
  const auto result =
      run(program("import errno, os\n"
                  "for action in (lambda: open('/environment/new', 'w'),\n"
                  "               lambda: open('/environment/bin/tool', 'a'),\n"
                  "               lambda: os.mkdir('/environment/site-packages/new'),\n"
                  "               lambda: os.unlink('/environment/bin/tool'),\n"
                  "               lambda: os.utime('/environment/bin/tool')):\n"
                  "  try: action()\n"
                  "  except OSError as error: print(errno.errorcode[error.errno] in ('EROFS', 'EACCES', "
                  "'EPERM'))\n"),
          environment)
          .result;
  EXPECT_EQ(result.stdout, "True\nTrue\nTrue\nTrue\nTrue\n") << result.stderr;
}

TEST_P(ContainerRunnerContract, ShowsNoEnvironmentWhereNoneIsGiven) {
  const SmallEnvironment environment;
  const auto result = run("import os\nprint(os.path.exists('/environment'), 'PYTHONPATH' in os.environ)\n"
                          "try: import greeting\nexcept ImportError: print('no such package')")
                          .result;
  EXPECT_EQ(result.stdout, "False False\nno such package\n") << result.stderr;
}

TEST_P(ContainerRunnerContract, PutsThePackagesBehindTheProgramsOwnModulesAndTheStandardLibrary) {
  const SmallEnvironment environment;
  Program p =
      program("import os, greeting, json\nprint(greeting.TEXT, hasattr(json, 'OWN'), os.environ['OMP_NUM_THREADS'])");
  p.inputs = {{"own/greeting.py", "TEXT = 'mine'", ""}};
  p.env = {{"PYTHONPATH", "/workspace/own"}};
  Limits limits;
  limits.cpus = 1.5;
  EXPECT_EQ(run(p, environment, limits).result.stdout, "mine False 2\n");
  p.env["OMP_NUM_THREADS"] = "7";
  EXPECT_EQ(run(p, environment, limits).result.stdout, "mine False 7\n");
}

TEST_P(ContainerRunnerContract, SharesAnEnvironmentBetweenJobsThatRunAtOnce) {
  const SmallEnvironment environment;
  std::vector<std::string> outputs(4);
  std::vector<std::thread> threads;
  for (auto& output : outputs) {
    threads.emplace_back([&] {
      output = run(program("import greeting, time\ntime.sleep(0.2)\nprint(greeting.TEXT)"), environment).result.stdout;
    });
  }
  for (auto& thread : threads) thread.join();
  for (const auto& output : outputs) EXPECT_EQ(output, "hello\n");
}

TEST_P(ContainerRunnerContract, RefusesAnEnvironmentThatIsNotThere) {
  for (const char* directory : {"environment", "/no/such/environment"}) {
    EXPECT_THROW(runner_->open({.environment_directory = directory})->run(program("print(1)"), {}), Error) << directory;
  }
}

TEST_P(ContainerRunnerContract, RefusesLimitsThatMakeNoSense) {
  Limits limits;
  limits.memory_bytes = 0;
  EXPECT_THROW(runner_->open({limits}), Error);
}

TEST_P(ContainerRunnerContract, RunsManyAtOnceAndKeepsThemApart) {
  std::vector<std::string> outputs(12);
  std::vector<std::thread> threads;
  for (std::size_t i = 0; i < outputs.size(); ++i) {
    threads.emplace_back([&, i] {
      outputs[i] = run("import os\nopen('f', 'x').write('" + std::to_string(i) +
                       "')\nprint(open('f').read(), os.listdir('/tmp'))")
                       .result.stdout;
    });
  }
  for (auto& thread : threads) thread.join();
  for (std::size_t i = 0; i < outputs.size(); ++i) EXPECT_EQ(outputs[i], std::to_string(i) + " []\n");
}

}  // namespace pysandbox::testing
