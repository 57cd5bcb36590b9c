// After a thousand runs, some of them killed with the process that ran them, nothing is left.
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <chrono>
#include <cstdint>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <map>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include <pysandbox/sandbox.hpp>

namespace pysandbox::testing {
namespace {

namespace fs = std::filesystem;
using Counts = std::map<std::string, std::size_t>;

std::size_t entries(const fs::path& directory, const std::string& prefix = "") {
  std::size_t count = 0;
  std::error_code ignored;
  for (const auto& entry : fs::directory_iterator(directory, ignored)) {
    count += prefix.empty() || entry.path().filename().string().find(prefix) != std::string::npos;
  }
  return count;
}

std::size_t lines(const fs::path& file) {
  std::ifstream in(file);
  std::size_t count = 0;
  for (std::string line; std::getline(in, line);) ++count;
  return count;
}

// A range of user ids that nobody else's jobs have.
constexpr std::uint32_t first_uid = 1'910'000'000;
constexpr std::uint32_t uid_count = 1'000;
constexpr std::string_view uids = "1910000";

// Processes that only we start, by the user ids of jobs.
std::size_t job_processes() {
  std::size_t count = 0;
  for (const auto& entry : fs::directory_iterator("/proc")) {
    const std::string name = entry.path().filename();
    if (name.find_first_not_of("0123456789") != std::string::npos) continue;
    std::ifstream status(entry.path() / "status");
    for (std::string line; std::getline(status, line);) {
      if (line.starts_with("Uid:\t" + std::string(uids))) ++count;
    }
  }
  return count;
}

std::size_t job_cgroups() {
  std::size_t count = 0;
  std::error_code ignored;
  for (auto it = fs::recursive_directory_iterator("/sys/fs/cgroup", ignored); it != fs::recursive_directory_iterator();
       it.increment(ignored)) {
    if (ignored) break;
    if (it->path().filename().string().starts_with("job-" + std::string(uids))) ++count;
  }
  return count;
}

Counts count_everything() {
  return {{"processes of jobs", job_processes()},
          {"cgroups of jobs", job_cgroups()},
          {"mounts", lines("/proc/self/mountinfo")},
          {"descriptors", entries("/proc/self/fd")},
          {"entries of /tmp", entries("/tmp", "pysandbox")},
          {"entries of /run/pysandbox", entries("/run/pysandbox")},
          {"entries of /dev/shm", entries("/dev/shm")}};
}

// The kernel takes namespaces and cgroups down a moment after their last process.
Counts count_when_settled(const Counts& expected) {
  Counts now = count_everything();
  for (int tries = 0; now != expected && tries < 100; ++tries) {
    std::this_thread::sleep_for(std::chrono::milliseconds(50));
    now = count_everything();
  }
  return now;
}

JobRequest program_number(int i) {
  constexpr const char* codes[] = {
      "print('x' * 5000)",
      "open('a.txt', 'w').write('x' * 100000)",
      "raise ValueError(1)",
      "import os, time\nif os.fork() == 0: time.sleep(60)",
      "import os\nos.kill(os.getpid(), 9)",
      "import time\ntime.sleep(60)",
      "x = bytearray(1 << 27)",
      "import os\nos.fork(); os.fork(); os.setsid()\nwhile True: pass",
  };
  const int kind = i % 40;  // mostly the quick ones
  JobRequest request{.code = codes[kind < 8 ? kind : kind % 5], .inputs = {{"in.txt", "input", ""}}};
  request.limits.time_limit = std::chrono::milliseconds(kind < 8 && kind >= 5 ? 100 : 10'000);
  request.limits.grace_period = std::chrono::milliseconds(kind == 7 ? 0 : 20);
  request.limits.memory_bytes = 64 << 20;
  return request;
}

// A process of its own that runs programs until it is killed.
pid_t start_victim(const NativeRunnerOptions& options) {
  const pid_t pid = ::fork();
  if (pid != 0) return pid;
  Sandbox sandbox({.runner = make_native_runner(options)});
  for (int i = 0;; ++i) sandbox.run(program_number(i));
}

void run_and_kill(NativeRunnerOptions options) {
  options.first_uid = first_uid;
  options.uid_count = uid_count;
  if (::geteuid() != 0) {
    if (std::getenv("CI") != nullptr) FAIL() << "CI runs this as root";
    GTEST_SKIP() << "only root can see every process and mount";
  }
  Sandbox({.runner = make_native_runner(options)})
      .run({.code = "pass"});  // whatever stays after the first run may stay
  const Counts before = count_everything();

  constexpr int kills = 60;
  for (int i = 0; i < kills; ++i) {
    const pid_t victim = start_victim(options);
    std::this_thread::sleep_for(std::chrono::milliseconds(5 + 7 * (i % 20)));  // at ever other points of a run
    ::kill(victim, SIGKILL);
    ::waitpid(victim, nullptr, 0);
  }
  {
    Sandbox sandbox({.runner = make_native_runner(options)});
    for (int i = 0; i < 1000 - kills; ++i) sandbox.run(program_number(i));
  }
  EXPECT_EQ(count_when_settled(before), before);
}

TEST(Residue, IsNoneAfterAThousandRunsWithKillsInTheMiddle) { run_and_kill({}); }

// How many warm runs: PYSANDBOX_RESIDUE_RUNS=100000 is the long way (some minutes).
int warm_runs() {
  const char* const asked = std::getenv("PYSANDBOX_RESIDUE_RUNS");
  return asked == nullptr ? 500 : std::atoi(asked);
}

// From several threads at once, so that there are parked ones, some made on demand, and zygotes that are replaced.
TEST(Residue, IsNoneAfterManyWarmRuns) {
  if (::geteuid() != 0) {
    if (std::getenv("CI") != nullptr) FAIL() << "CI runs this as root";
    GTEST_SKIP() << "only root can see every process and mount";
  }
  NativeRunnerOptions options;
  options.first_uid = first_uid;
  options.uid_count = uid_count;
  options.pool.maximum = 8;
  options.pool.rotate_after_programs = 500;
  Sandbox({.runner = make_native_runner(options)}).run({.code = "pass"});
  const Counts before = count_everything();
  {
    Sandbox sandbox({.runner = make_native_runner(options)});
    std::atomic<int> left = warm_runs();
    std::vector<std::jthread> threads;
    for (int i = 0; i < 4; ++i) {
      threads.emplace_back([&] {
        while (left-- > 0) {
          EXPECT_EQ(sandbox.run({.code = "open('a', 'w').write('x' * 5000)"}).outcome, Outcome::ok);
        }
      });
    }
    threads.clear();
    const PoolUsage used = sandbox.pool_usage().value();
    EXPECT_GT(used.parked_starts + used.on_demand_starts, used.cold_starts);
    EXPECT_EQ(used.failures, 0u);
    RecordProperty("on_demand", static_cast<int>(used.on_demand_starts));
  }
  EXPECT_EQ(count_when_settled(before), before);
}

TEST(Residue, IsNoneWithAPoolEither) { run_and_kill({.pool = {.maximum = 8, .rotate_after_programs = 50}}); }

}  // namespace
}  // namespace pysandbox::testing
