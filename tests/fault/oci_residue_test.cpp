// Of runs in containers of an OCI runtime nothing is left, also where the process that ran them was killed.
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <map>
#include <string>
#include <thread>

#include <pysandbox/oci_runner.hpp>
#include <pysandbox/sandbox.hpp>

#include "process/find_program.hpp"
#include "support/temporary_directory.hpp"

namespace pysandbox::testing {
namespace {

namespace fs = std::filesystem;
using Counts = std::map<std::string, std::size_t>;

// A range of user ids that nobody else's jobs have.
constexpr std::uint32_t first_uid = 1'920'000'000;
constexpr std::string_view uids = "19200";

std::size_t count_files(const fs::path& directory, std::string_view part) {
  std::size_t count = 0;
  std::error_code none;
  for (fs::directory_iterator entry(directory, none), end; !none && entry != end; entry.increment(none)) {
    count += entry->path().filename().string().find(part) != std::string::npos;
  }
  return count;
}

std::size_t job_processes() {
  std::size_t count = 0;
  for (const auto& entry : fs::directory_iterator("/proc")) {
    std::ifstream status(entry.path() / "status");
    for (std::string line; std::getline(status, line);) count += line.starts_with("Uid:\t" + std::string(uids));
  }
  return count;
}

std::size_t runtime_processes(const std::string& state) {
  std::size_t count = 0;
  for (const auto& entry : fs::directory_iterator("/proc")) {
    std::ifstream file(entry.path() / "cmdline");
    std::string words;
    std::getline(file, words, '\xff');
    count += words.find(state) != std::string::npos;
  }
  return count;
}

std::size_t job_cgroups() {
  std::size_t count = 0;
  std::error_code none;
  for (fs::directory_iterator entry("/sys/fs/cgroup", none), end; !none && entry != end; entry.increment(none)) {
    count += count_files(entry->path() / "pysandbox", "job-" + std::string(uids));
  }
  return count + count_files("/sys/fs/cgroup/pysandbox", "job-" + std::string(uids));
}

std::size_t mounts(const std::string& state) {
  std::ifstream in("/proc/self/mountinfo");
  std::size_t count = 0;
  for (std::string line; std::getline(in, line);) count += line.find(state) != std::string::npos;
  return count;
}

class OciResidue : public ::testing::TestWithParam<std::string> {
 protected:
  void SetUp() override {
    fs::permissions(place_.path(), fs::perms(0711));
    std::string missing;
    if (::geteuid() != 0) missing = "only root can use the oci runner";
    if (find_program(GetParam()).empty() && !is_program("/usr/sbin/" + GetParam())) {
      missing = "there is no " + GetParam() + " here";
    }
    if (missing.empty()) return;
    if (std::getenv("CI") != nullptr) FAIL() << missing;
    GTEST_SKIP() << missing;
  }

  std::unique_ptr<ContainerRunner> make() const {
    return make_oci_runner(
        {.runtime = GetParam(), .first_uid = first_uid, .uid_count = 100, .state_directory = state()});
  }

  std::string state() const { return place_ / "state"; }

  Counts count() const {
    return {{"processes of jobs", job_processes()},
            {"processes of the runtime", runtime_processes(state())},
            {"cgroups", job_cgroups()},
            {"mounts", mounts(state())},
            {"remembered containers", count_files(fs::path(state()) / GetParam(), "job-")},
            {"files of bundles", count_files(fs::path(state()) / "bundle", "")}};
  }

  Counts count_when_settled(const Counts& expected) const {
    Counts now = count();
    for (int tries = 0; now != expected && tries < 100; ++tries) {
      std::this_thread::sleep_for(std::chrono::milliseconds(50));
      now = count();
    }
    return now;
  }

  // A process of its own that runs one program after the other until it is killed.
  pid_t start_victim() const {
    const pid_t pid = ::fork();
    if (pid != 0) return pid;
    const auto runner = make();
    const Program program{.entry_point = "main.py",
                          .code = "import os, time\nif os.fork() == 0: time.sleep(60)\ntime.sleep(0.1)"};
    for (;;) runner->open({})->run(program, {});
  }

 private:
  TemporaryDirectory place_;
};

TEST_P(OciResidue, IsNoneAfterRunsOfEveryEnd) {
  Counts before;
  {
    const auto runner = make();
    runner->open({})->run({.entry_point = "main.py", .code = "pass"}, {});
    before = count();
    for (const char* code : {"print('x' * 5000)", "raise ValueError(1)", "import os\nos.kill(os.getpid(), 9)",
                             "import os, time\nos.fork(); os.setsid()\ntime.sleep(60)", "x = bytearray(1 << 29)"}) {
      Limits limits;
      limits.time_limit = std::chrono::milliseconds(500);
      limits.memory_bytes = 64 << 20;
      runner->open({limits})->run({.entry_point = "main.py", .code = code}, {});
    }
    EXPECT_EQ(count_when_settled(before), before);
  }
  EXPECT_EQ(count()["processes of jobs"], 0u);
  EXPECT_EQ(count()["cgroups"], 0u);
  EXPECT_EQ(count()["remembered containers"], 0u);
}

TEST_P(OciResidue, IsNoneOnceSomebodyRunsAfterOneWasKilled) {
  make()->open({})->run({.entry_point = "main.py", .code = "pass"}, {});
  const Counts before = count();
  for (int kill = 0; kill < 6; ++kill) {
    const pid_t victim = start_victim();
    std::this_thread::sleep_for(std::chrono::milliseconds(20 + 90 * kill));  // at ever other points of a run
    ::kill(victim, SIGKILL);
    ::waitpid(victim, nullptr, 0);
  }
  // Containers end with who started them, without anybody's help.
  for (int tries = 0; tries < 100 && (job_processes() > 0 || runtime_processes(state()) > 0); ++tries) {
    std::this_thread::sleep_for(std::chrono::milliseconds(50));
  }
  EXPECT_EQ(job_processes(), 0u);
  EXPECT_EQ(runtime_processes(state()), 0u);
  EXPECT_EQ(mounts(state()), 0u);
  make()->open({})->run({.entry_point = "main.py", .code = "pass"}, {});
  EXPECT_EQ(count_when_settled(before), before);
}

TEST_P(OciResidue, LeavesContainersAloneThatSomebodyAliveHolds) {
  const auto first = make();
  const auto second = make();
  std::string seen;
  const auto slow = first->open({});
  const auto result =
      slow->run({.entry_point = "main.py", .code = "import time\nprint('up')\ntime.sleep(1)\nprint('still')"},
                [&](Stream, std::string_view) {
                  if (!seen.empty()) return;
                  seen = second->open({})->run({.entry_point = "main.py", .code = "print('other')"}, {}).stdout;
                });
  EXPECT_EQ(result.stdout, "up\nstill\n");
  EXPECT_EQ(seen, "other\n");
}

INSTANTIATE_TEST_SUITE_P(Over, OciResidue, ::testing::Values("runc", "runsc"),
                         [](const auto& instance) { return instance.param; });

}  // namespace
}  // namespace pysandbox::testing
