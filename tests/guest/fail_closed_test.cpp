// What cannot be enforced stops the run with an error that names it. Takes things away from the host it runs on, so it
// runs in the guest only, and there as root.
#include <fcntl.h>
#include <gtest/gtest.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include <fstream>
#include <string>

#include <pysandbox/container_runner.hpp>
#include <pysandbox/error.hpp>

namespace pysandbox::testing {
namespace {

constexpr const char* tree = "/sys/fs/cgroup";

NativeRunnerOptions with_cgroup_parent(const std::string& parent) {
  NativeRunnerOptions options;
  options.cgroup_parent = parent;
  return options;
}

RunResult run(const NativeRunnerOptions& options, const ContainerSpec& spec = {}) {
  return make_native_runner(options)->open(spec)->run({.entry_point = "main.py", .code = "print('it ran')"}, {});
}

// The sentence that a run stops with.
std::string refusal(const NativeRunnerOptions& options = {}, const ContainerSpec& spec = {}) {
  try {
    return "no refusal: " + run(options, spec).stdout;
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ErrorCode::sandbox_unavailable);
    return error.what();
  }
}

bool says(const std::string& sentence, const std::string& part) { return sentence.find(part) != std::string::npos; }

// Each test works on mounts of its own.
class FailClosed : public ::testing::Test {
 protected:
  void SetUp() override {
    before_ = ::open("/proc/self/ns/mnt", O_RDONLY | O_CLOEXEC);
    ASSERT_GE(before_, 0);
    ASSERT_EQ(::unshare(CLONE_NEWNS), 0) << "needs root";
    ASSERT_EQ(::mount(nullptr, "/", nullptr, MS_REC | MS_PRIVATE, nullptr), 0);
  }

  void TearDown() override {
    EXPECT_EQ(::setns(before_, CLONE_NEWNS), 0);
    ::close(before_);
  }

  static void expect_refused_unless_asked_for_by_name(const std::string& reason) {
    const std::string sentence = refusal();
    EXPECT_TRUE(says(sentence, reason)) << sentence;
    EXPECT_TRUE(says(sentence, "set cgroup_parent to \"none\"")) << sentence;
    const RunResult weaker = run(with_cgroup_parent("none"));
    EXPECT_EQ(weaker.stdout, "it ran\n");
    EXPECT_EQ(weaker.isolation.limits, "rlimits+watchdog");
    EXPECT_EQ(weaker.isolation.cgroup, "none");
  }

 private:
  int before_ = -1;
};

TEST_F(FailClosed, RunsWhereNothingIsMissing) {
  const RunResult result = run({}, {.minimum_isolation = MinimumIsolation::full});
  EXPECT_EQ(result.stdout, "it ran\n");
  EXPECT_EQ(result.isolation.limits, "cgroup");
}

TEST_F(FailClosed, RefusesWithoutACgroupTree) {
  ASSERT_EQ(::umount2(tree, MNT_DETACH), 0);
  expect_refused_unless_asked_for_by_name("no cgroup v2 tree is mounted");
}

TEST_F(FailClosed, RefusesOnAReadOnlyCgroupTree) {
  ASSERT_EQ(::mount(nullptr, tree, nullptr, MS_REMOUNT | MS_BIND | MS_RDONLY, nullptr), 0);
  expect_refused_unless_asked_for_by_name("no cgroup that we may write");
}

// As in a container that was given its part of the tree without the controllers.
TEST_F(FailClosed, RefusesWhereTheTreeHasNoControllers) {
  const std::string bare = std::string(tree) + "/outer/bare";
  ::mkdir((std::string(tree) + "/outer").c_str(), 0755);
  ::mkdir(bare.c_str(), 0755);
  ASSERT_EQ(::mount(bare.c_str(), tree, nullptr, MS_BIND, nullptr), 0);
  expect_refused_unless_asked_for_by_name("no memory, pids and cpu controllers");
}

TEST_F(FailClosed, RefusesACgroupParentThatIsNotThere) {
  const std::string sentence = refusal(with_cgroup_parent("/no/such/place"));
  EXPECT_TRUE(says(sentence, "/sys/fs/cgroup/no/such/place")) << sentence;
}

TEST_F(FailClosed, RefusesLessThanTheJobAsksFor) {
  const std::string sentence = refusal(with_cgroup_parent("none"), {.minimum_isolation = MinimumIsolation::cgroup});
  EXPECT_TRUE(says(sentence, "the job asks for limits kept by cgroups")) << sentence;
}

TEST_F(FailClosed, RefusesWithoutUserNamespaces) {
  const std::string setting = "/proc/sys/user/max_user_namespaces";
  std::string before;
  std::ifstream(setting) >> before;
  std::ofstream(setting) << 0;
  const std::string sentence = refusal();
  std::ofstream(setting) << before;
  EXPECT_TRUE(says(sentence, "starting a container in new namespaces")) << sentence;
  EXPECT_TRUE(says(sentence, "max_user_namespaces")) << sentence;
}

}  // namespace
}  // namespace pysandbox::testing
