// What a job's cgroup holds while it runs, and what is left of it afterwards. Needs a host with pure cgroup v2.
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <iterator>
#include <memory>
#include <string>
#include <vector>

#include <pysandbox/container_runner.hpp>

namespace pysandbox::testing {
namespace {

namespace fs = std::filesystem;
using std::chrono::seconds;

Program program(const std::string& code) { return {.entry_point = "main.py", .code = code}; }

RunResult run(ContainerRunner& runner, const std::string& code, const Limits& limits = {},
              const OutputSink& sink = {}) {
  return runner.open({limits})->run(program(code), sink);
}

// Where jobs get their cgroups.
fs::path place_of(ContainerRunner& runner) {
  for (const auto& finding : runner.check()) {
    constexpr std::string_view start = "v2 at ";
    if (finding.name == "cgroup" && finding.detail.starts_with(start)) return finding.detail.substr(start.size());
  }
  return {};
}

std::vector<fs::path> jobs_in(const fs::path& place) {
  std::vector<fs::path> jobs;
  for (const auto& entry : fs::directory_iterator(place)) {
    if (entry.is_directory()) jobs.push_back(entry.path());
  }
  return jobs;
}

std::string read_line(const fs::path& file) {
  std::ifstream in(file);
  std::string line;
  std::getline(in, line);
  return line;
}

std::string own_cgroup() { return read_line("/proc/self/cgroup"); }

class CgroupV2 : public ::testing::Test {
 protected:
  void SetUp() override { ASSERT_TRUE(fs::is_directory(place_)) << "no v2 tree is used here"; }
  void TearDown() override { EXPECT_TRUE(jobs_in(place_).empty()) << jobs_in(place_).front(); }

  std::unique_ptr<ContainerRunner> runner_ = make_native_runner();
  fs::path place_ = place_of(*runner_);
};

TEST_F(CgroupV2, HoldsTheLimitsOfTheJob) {
  Limits limits;
  limits.memory_bytes = 100 << 20;
  limits.processes = 9;
  limits.cpus = 0.5;
  bool looked = false;
  const auto result = run(*runner_, "print(1)", limits, [&](Stream, std::string_view) {
    const auto jobs = jobs_in(place_);
    ASSERT_EQ(jobs.size(), 1u);
    const fs::path& job = jobs.front();
    EXPECT_EQ(read_line(job / "memory.max"), std::to_string(100 << 20));
    EXPECT_EQ(read_line(job / "memory.oom.group"), "1");
    EXPECT_EQ(read_line(job / "pids.max"), "10") << "nine and the init";
    EXPECT_EQ(read_line(job / "cpu.max"), "50000 100000");
    EXPECT_EQ(read_line(job / "cgroup.max.descendants"), "0");
    if (fs::exists(job / "memory.swap.max")) {
      EXPECT_EQ(read_line(job / "memory.swap.max"), "0");
    }
    EXPECT_EQ(read_line(job / "pids.current"), "2");
    looked = true;
  });
  EXPECT_EQ(result.outcome, Outcome::ok) << result.stderr;
  EXPECT_TRUE(looked);
}

// These two are of the contract; but an emulated processor takes a second to start the interpreter, and another one to
// import what writes the report.

TEST_F(CgroupV2, KeepsTheTimeLimitAndWhatWasDoneBeforeIt) {
  Limits limits;
  limits.time_limit = seconds(4);
  limits.grace_period = seconds(20);
  const auto result = run(*runner_, "import time\nprint('begun')\ntime.sleep(600)", limits);
  EXPECT_EQ(to_string(result.outcome), to_string(Outcome::time_limit));
  ASSERT_TRUE(result.failure);
  EXPECT_EQ(result.failure->limit, "time_limit");
  EXPECT_EQ(result.stdout, "begun\n");
  ASSERT_TRUE(result.error) << result.stderr;
  EXPECT_EQ(result.error->line, 3);
}

TEST_F(CgroupV2, KeepsTheCpuLimitOverAllProcesses) {
  Limits limits;
  limits.cpu_time_limit = seconds(4);
  limits.grace_period = seconds(20);
  limits.time_limit = seconds(60);
  limits.cpus = 2;
  const auto result = run(*runner_, "import os\nos.fork()\nwhile True: pass", limits);
  EXPECT_EQ(to_string(result.outcome), to_string(Outcome::cpu_limit));
  ASSERT_TRUE(result.failure);
  EXPECT_EQ(result.failure->limit, "cpu_time_limit");
  ASSERT_TRUE(result.error) << result.stderr;
  EXPECT_EQ(result.error->line, 3);
  EXPECT_GE(result.usage.cpu_user + result.usage.cpu_system, seconds(4));
}

// The kernel kills the init with the rest: nobody inside is left to report.
TEST_F(CgroupV2, TellsEverythingAboutAJobThatRanOutOfMemory) {
  const int landlock_abi = run(*runner_, "").isolation.landlock_abi;
  Limits limits;
  limits.memory_bytes = 64 << 20;
  const auto container = runner_->open({limits});
  RunResult result = container->run(program("open('partial.txt', 'w').write('half')\nprint('begun', flush=True)\n"
                                            "blocks = []\nwhile True: blocks.append(bytearray(1 << 20))"),
                                    {});
  EXPECT_EQ(to_string(result.outcome), to_string(Outcome::memory_limit));
  EXPECT_EQ(result.stdout, "begun\n");
  EXPECT_GT(result.usage.memory_peak_bytes, 50u << 20);
  EXPECT_LE(result.usage.memory_peak_bytes, 64u << 20);
  EXPECT_GT((result.usage.cpu_user + result.usage.cpu_system).count(), 0);
  EXPECT_EQ(result.isolation.limits, "cgroup");
  EXPECT_EQ(result.isolation.landlock_abi, landlock_abi);
  std::vector<std::string> files;
  container->collect(result, [&](OutputFile& file) { files.push_back(file.path()); });
  EXPECT_EQ(files, std::vector<std::string>{"partial.txt"});
}

TEST_F(CgroupV2, IsFoundInTheSamePlaceByEveryRunnerOfAProcess) {
  EXPECT_EQ(run(*runner_, "print(1)").stdout, "1\n");
  const std::string own = own_cgroup();
  const auto another = make_native_runner();
  EXPECT_EQ(place_of(*another), place_);
  EXPECT_EQ(run(*another, "print(2)").stdout, "2\n");
  EXPECT_EQ(own_cgroup(), own) << "we were moved once more";
}

TEST_F(CgroupV2, GoesWithTheNextJobWhenTheHostWasKilled) {
  const auto first = runner_->open({});  // takes the first name, so that the next job cannot just take over
  const pid_t host = ::fork();
  if (host == 0) {
    const auto runner = make_native_runner();
    run(*runner, "print(1)\nimport time\ntime.sleep(600)", {},
        [](Stream, std::string_view) { ::kill(::getpid(), SIGKILL); });
    ::_exit(1);
  }
  int status = 0;
  ASSERT_EQ(::waitpid(host, &status, 0), host);
  ASSERT_TRUE(WIFSIGNALED(status));
  ASSERT_EQ(jobs_in(place_).size(), 2u) << "the dead one is to be seen";
  run(*runner_, "");
  EXPECT_EQ(jobs_in(place_).size(), 1u);
}

}  // namespace
}  // namespace pysandbox::testing
