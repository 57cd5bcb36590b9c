// The store after a process that makes an environment was killed, at each place where that makes a difference.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include <pysandbox/environment_store.hpp>

#include "package_index.hpp"

namespace pysandbox::testing {
namespace {

// `pysandbox env build framelike`, which ends itself by SIGKILL at `failpoint` if there is one. Returns what waitpid()
// says.
int build(const std::string& store, const std::string& installer, const std::string& failpoint) {
  const pid_t child = ::fork();
  if (child == 0) {
    if (!failpoint.empty()) ::setenv("PYSANDBOX_FAILPOINT", failpoint.c_str(), 1);
    ::execl(PYSANDBOX_CLI, "pysandbox", "env", "build", "framelike", "--no-index", "--find-links",
            wheel_folder().c_str(), "--store", store.c_str(), "--installer", installer.c_str(), "--json", nullptr);
    ::_exit(99);
  }
  int status = -1;
  EXPECT_EQ(::waitpid(child, &status, 0), child);
  return status;
}

class EnvironmentCrash : public ::testing::TestWithParam<const char*> {};

INSTANTIATE_TEST_SUITE_P(Places, EnvironmentCrash,
                         ::testing::Values("after_fetch:1", "after_unpack:1", "after_unpack:2",
                                           "before_moving_into_place:1", "after_moving_into_place:1",
                                           "after_moving_into_place:2", "after_wheels:1", "after_linking:1",
                                           "before_moving_into_place:3", "after_moving_into_place:3"));

TEST_P(EnvironmentCrash, LeavesAStoreThatCanBeUsed) {
  const TemporaryDirectory directory;
  const CountedInstaller installer("pip");
  const std::string store_directory = directory / "store";
  const int killed = build(store_directory, installer.path(), GetParam());
  ASSERT_TRUE(WIFSIGNALED(killed) && WTERMSIG(killed) == SIGKILL) << "the place was not reached; status " << killed;
  for (const auto& entry : std::filesystem::directory_iterator(store_directory + "/environments")) {
    EXPECT_TRUE(std::filesystem::exists(entry.path() / "environment.json")) << "half an environment can be seen";
  }

  const auto runner = make_native_runner();
  const auto store = open_environment_store(
      store_directory, *runner, {.find_links = {wheel_folder()}, .no_index = true, .installer = installer.path()});
  EXPECT_TRUE(std::filesystem::is_empty(store_directory + "/new"));
  const auto environment = store->prepare({.packages = {"framelike"}}, {}, {});
  EXPECT_EQ(environment->info.packages.size(), 2U);
  EXPECT_EQ(read_whole(environment->directory + "/site-packages/numlike/__init__.py"), "value = 42\n");
  EXPECT_TRUE(std::filesystem::is_empty(store_directory + "/new"));
  EXPECT_EQ(store->list().size(), 1U);
}

}  // namespace
}  // namespace pysandbox::testing
