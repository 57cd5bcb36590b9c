#include "contract/container_runner_contract.hpp"

#include <fcntl.h>
#include <signal.h>
#include <sys/fsuid.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdlib>

#include "support/temporary_directory.hpp"
#include "support/unique_fd.hpp"
#include "support/warm_runner.hpp"

namespace pysandbox::testing {
namespace {

NativeRunnerOptions without_cgroup() {
  NativeRunnerOptions options;
  options.cgroup_parent = "none";
  return options;
}

// A pool that nobody asks.
class FreshRunner final : public ContainerRunner {
 public:
  std::string_view name() const override { return inner_->name(); }
  std::vector<HostFinding> check() override { return inner_->check(); }
  std::unique_ptr<Container> open(const ContainerSpec& spec) override {
    ContainerSpec fresh = spec;
    fresh.start = StartMode::fresh;
    return inner_->open(fresh);
  }

 private:
  std::unique_ptr<ContainerRunner> inner_ = make_native_runner({.pool = {.maximum = 2}});
};

INSTANTIATE_TEST_SUITE_P(
    Native, ContainerRunnerContract,
    ::testing::Values(RunnerKind{"native", [] { return make_native_runner(); }},
                      RunnerKind{"native_without_cgroup", [] { return make_native_runner(without_cgroup()); }},
                      RunnerKind{"native_fresh", [] { return std::make_unique<FreshRunner>(); }},
                      RunnerKind{"native_warm", [] { return make_warm_runner(); }},
                      RunnerKind{"native_warm_without_cgroup", [] { return make_warm_runner(without_cgroup()); }}),
    [](const auto& instance) { return instance.param.name; });

bool may_make_cgroups() {
  const auto runner = make_native_runner();
  return runner->open({})->run({.entry_point = "main.py", .code = ""}, {}).isolation.limits == "cgroup";
}

TEST(NativeRunner, SaysWhoStartedItAndHowLimitsAreKept) {
  const auto runner = make_native_runner();
  const auto isolation = runner->open({})->run({.entry_point = "main.py", .code = ""}, {}).isolation;
  EXPECT_EQ(isolation.runner, "native");
  EXPECT_EQ(isolation.mode, ::geteuid() == 0 ? "root" : "rootless");
  EXPECT_EQ(isolation.unique_uid, ::geteuid() == 0);
  EXPECT_EQ(isolation.namespaces.size(), 7u);
  // Set by whoever starts this test where it knows what there must be: CI on one host, the guest with another kernel.
  if (const char* expected = std::getenv("PYSANDBOX_EXPECT_CGROUP")) {
    EXPECT_EQ(isolation.cgroup, expected);
  }
}

TEST(NativeRunner, RefusesToRunWithLessThanIsAskedFor) {
  const auto runner = make_native_runner(without_cgroup());
  EXPECT_THROW(runner->open({{}, MinimumIsolation::cgroup}), Error);
  EXPECT_NO_THROW(runner->open({{}, MinimumIsolation::rlimits}));
  if (::geteuid() != 0) {
    EXPECT_THROW(make_native_runner()->open({{}, MinimumIsolation::full}), Error);
  } else if (may_make_cgroups()) {
    EXPECT_NO_THROW(make_native_runner()->open({{}, MinimumIsolation::full}));
  }
}

TEST(NativeRunner, NamesTheStepThatFailsAndWhatToDo) {
  NativeRunnerOptions options;
  options.python = "/usr/bin/no-such-python";
  const auto runner = make_native_runner(options);
  try {
    runner->open({})->run({.entry_point = "main.py", .code = "print(1)"}, {});
    FAIL() << "it ran";
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ErrorCode::sandbox_unavailable);
    EXPECT_NE(std::string(error.what()).find("cannot start the interpreter"), std::string::npos) << error.what();
  }
}

TEST(NativeRunner, GivesEachRunningJobAUserIdOfItsOwn) {
  if (::geteuid() != 0) GTEST_SKIP() << "only a runner started by root can";
  const auto runner = make_native_runner();
  // The id on the host shows as the owner of a mount in the list of mounts.
  const Program program{
      .entry_point = "main.py",
      .code =
          "import re\nprint(re.search(r'/workspace .*uid=(\\d+)', open('/proc/self/mountinfo').read())[1])\n"
          "import time\ntime.sleep(0.5)"};
  std::vector<std::string> uids(3);
  std::vector<std::thread> threads;
  for (auto& uid : uids) threads.emplace_back([&] { uid = runner->open({})->run(program, {}).stdout; });
  for (auto& thread : threads) thread.join();
  std::sort(uids.begin(), uids.end());
  EXPECT_TRUE(std::unique(uids.begin(), uids.end()) == uids.end());
  EXPECT_GE(std::stoul(uids.front()), 1'900'000'000u);
}

// A small but whole root: the interpreter, its library, what it links to, and a trap.
class RootFileSystem {
 public:
  RootFileSystem() {
    namespace fs = std::filesystem;
    const std::string arch = "usr/lib/x86_64-linux-gnu/";
    for (const auto& directory : {std::string("usr/bin"), arch, std::string("usr/lib64"), std::string("etc")}) {
      fs::create_directories(place_ / directory);
    }
    fs::copy_file(fs::canonical("/usr/bin/python3"), place_ / "usr/bin/python3");
    fs::copy("/usr/lib/python3.11", place_ / "usr/lib/python3.11",
             fs::copy_options::recursive | fs::copy_options::copy_symlinks);
    for (const char* name : {"libc.so.6", "libm.so.6", "libz.so.1", "libexpat.so.1"}) {
      fs::copy_file(fs::canonical("/" + arch + name), place_ / arch / name);
    }
    fs::copy_file(fs::canonical("/lib64/ld-linux-x86-64.so.2"), place_ / "usr/lib64/ld-linux-x86-64.so.2");
    fs::create_directory_symlink("usr/lib", place_ / "lib");
    fs::create_directory_symlink("usr/lib64", place_ / "lib64");
    fs::create_directory_symlink("/etc", place_ / "dev");  // to be replaced, not followed (CVE-2026-41579)
    fs::create_directory_symlink("/", place_ / "workspace");
    std::ofstream(place_ / "etc/mark") << "mine";
  }
  ~RootFileSystem() { std::filesystem::remove_all(place_); }

  std::string path() const { return place_; }

 private:
  std::filesystem::path place_ =
      std::filesystem::temp_directory_path() / ("pysandbox-rootfs-" + std::to_string(::getpid()));
};

TEST(NativeRunner, RunsInAGivenRootFileSystem) {
  const RootFileSystem root;
  NativeRunnerOptions options;
  options.rootfs = root.path();
  const auto runner = make_native_runner(options);
  const auto result =
      runner->open({})->run({.entry_point = "main.py",
                             .code = "import os\nprint(open('/etc/mark').read(), "
                                     "sorted(os.listdir('/')))\nprint(sorted(os.listdir('/dev')), os.listdir('.'))\n"
                                     "try: open('/etc/new', 'w')\nexcept OSError as e: print(e.errno)"},
                            {});
  EXPECT_EQ(result.stdout,
            "mine ['data', 'dev', 'etc', 'lib', 'lib64', 'proc', 'run', 'tmp', 'usr', 'workspace']\n"
            "['fd', 'full', 'null', 'random', 'shm', 'stderr', 'stdin', 'stdout', 'urandom', 'zero'] ['main.py']\n30\n")
      << result.stderr;
}

TEST(NativeRunner, RefusesOptionsThatMakeNoSense) {
  NativeRunnerOptions options;
  options.python = "python3";
  EXPECT_THROW(make_native_runner(options), Error);
  options = {};
  options.rootfs = "relative";
  EXPECT_THROW(make_native_runner(options), Error);
  options = {};
  options.first_uid = 0;
  EXPECT_THROW(make_native_runner(options), Error);
}

TEST(NativeRunner, ReadsASourceOfBytesAsItsCallerAndNotAsTheGuest) {
  if (::geteuid() != 0) GTEST_SKIP() << "only a runner started by root makes files as somebody else";
  std::vector<int> users;
  const ByteSource bytes = [&](std::span<std::byte>) -> std::size_t {
    users.push_back(::setfsuid(static_cast<uid_t>(-1)));  // changes nothing and tells who it is
    return 0;
  };
  const Program program{.entry_point = "main.py", .inputs = {{.path = "in", .bytes = bytes, .size = 0}}, .code = ""};
  make_native_runner()->open({})->run(program, {});
  EXPECT_EQ(users, std::vector<int>{0});
}

constexpr const char* hog = "x = bytearray(300 << 20)";

Limits small_memory() {
  Limits limits;
  limits.memory_bytes = 64 << 20;
  return limits;
}

TEST(NativeRunner, KeepsLimitsWhateverDescriptorsTheHostHasOpen) {
  const auto runner = make_native_runner();
  std::vector<UniqueFd> many;
  for (int i = 0; i < 300; ++i) {
    many.emplace_back(::open("/dev/null", O_RDONLY | O_CLOEXEC));
    if (i % 20 != 0) continue;
    const auto result = runner->open({small_memory()})->run({.entry_point = "main.py", .code = hog}, {});
    EXPECT_EQ(result.outcome, Outcome::memory_limit) << i;
  }
}

TEST(NativeRunner, WorksInAHostThatMayOpenFewFiles) {
  rlimit before{};
  ::getrlimit(RLIMIT_NOFILE, &before);
  const rlimit few{64, before.rlim_max};
  ::setrlimit(RLIMIT_NOFILE, &few);
  const auto runner = make_native_runner();
  const auto result = runner->open({})->run({.entry_point = "main.py", .code = "print(1)"}, {});
  ::setrlimit(RLIMIT_NOFILE, &before);
  EXPECT_EQ(result.stdout, "1\n");
}

TEST(NativeRunner, LeavesJobsOfRunnersAloneThatKeepTheirLocksElsewhere) {
  const TemporaryDirectory elsewhere;
  NativeRunnerOptions options;
  options.state_directory = elsewhere / "state";
  const auto first = make_native_runner();
  const auto second = make_native_runner(options);
  std::string seen;
  const auto slow = first->open({});
  const auto result =
      slow->run({.entry_point = "main.py", .code = "import time\nprint('up')\ntime.sleep(0.5)\nprint('still')"},
                [&](Stream, std::string_view) {
                  if (!seen.empty()) return;
                  seen = second->open({})->run({.entry_point = "main.py", .code = "print('other')"}, {}).stdout;
                });
  EXPECT_EQ(result.stdout, "up\nstill\n");
  EXPECT_EQ(seen, "other\n");
}

TEST(NativeRunner, FreesItsSlotAlsoWhenAChildOfTheHostSharesTheLock) {
  const TemporaryDirectory place;
  NativeRunnerOptions options;
  options.state_directory = place / "state";
  options.uid_count = 1;
  options.first_uid = 1'900'100'000;
  const auto runner = make_native_runner(options);
  auto container = runner->open({});
  const pid_t child = ::fork();
  if (child == 0) {
    ::pause();
    ::_exit(0);
  }
  container.reset();
  EXPECT_NO_THROW(runner->open({}));
  ::kill(child, SIGKILL);
  ::waitpid(child, nullptr, 0);
}

TEST(NativeRunner, EndsTheProgramInTimeAlsoWhenTheSinkBlocks) {
  Limits limits;
  limits.time_limit = std::chrono::milliseconds(300);
  limits.grace_period = std::chrono::milliseconds(0);
  const auto runner = make_native_runner();
  const auto result = runner->open({limits})->run({.entry_point = "main.py", .code = "print(1)\nwhile True: pass"},
                                                  [](Stream, std::string_view) { ::usleep(4'000'000); });
  EXPECT_EQ(result.outcome, Outcome::time_limit);
  // The sink slept past limit and last resort: the init had to end it.
  EXPECT_LT(result.usage.cpu_user + result.usage.cpu_system, std::chrono::milliseconds(3'000));
}

TEST(NativeRunner, ReportsOnlyLimitsThatWereReached) {
  const auto runner = make_native_runner();
  const auto outcome_of = [&](const char* code) {
    return to_string(runner->open({})->run({.entry_point = "main.py", .code = code}, {}).outcome);
  };
  EXPECT_EQ(outcome_of("raise OSError(28, 'no space')"), "exception");
  EXPECT_EQ(outcome_of("open('/dev/full', 'w').write('x' * 100000)"), "exception");
  if (may_make_cgroups()) {
    EXPECT_EQ(outcome_of("raise MemoryError"), "exception");
  }
  EXPECT_EQ(outcome_of("raise BlockingIOError(11, 'later')"), "exception");
}

TEST(Sandbox, RunsFromTheTwelveLinesOfTheReadme) {
  Sandbox sandbox;
  const RunResult result = sandbox.run({.code = "print(6 * 7)"});
  EXPECT_EQ(result.outcome, Outcome::ok);
  EXPECT_EQ(result.stdout, "42\n");
}

TEST(Sandbox, DescribesArtifactsWithoutAStore) {
  Sandbox sandbox;
  const RunResult result = sandbox.run({.code = "open('a.txt', 'w').write('abc')"});
  ASSERT_EQ(result.artifacts.size(), 1u);
  EXPECT_EQ(result.artifacts[0].path, "a.txt");
  EXPECT_EQ(result.artifacts[0].size, 3u);
  EXPECT_EQ(result.artifacts[0].content_type, "text/plain; charset=utf-8");
  EXPECT_EQ(result.artifacts[0].sha256, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  EXPECT_EQ(result.artifacts[0].file_id, "");
}

TEST(Sandbox, CancelsByStopToken) {
  Sandbox sandbox;
  std::stop_source source;
  std::jthread canceller([&] { source.request_stop(); });
  const RunResult result = sandbox.run({.code = "while True: pass"}, {.stop = source.get_token()});
  EXPECT_EQ(result.outcome, Outcome::cancelled);
}

}  // namespace
}  // namespace pysandbox::testing
