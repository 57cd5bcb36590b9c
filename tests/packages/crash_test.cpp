// The store after a process that makes an environment was killed, at each place where that makes a difference.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include <pysandbox/environment_store.hpp>

#include "package_index.hpp"

namespace pysandbox::testing {
namespace {

// `pysandbox env build`, which ends itself by SIGKILL at `failpoint` if there is one. Returns what waitpid() says.
int build(const std::string& package, const std::string& folder, const std::string& store, const std::string& installer,
          const std::string& failpoint) {
  const pid_t child = ::fork();
  if (child == 0) {
    if (!failpoint.empty()) ::setenv("PYSANDBOX_FAILPOINT", failpoint.c_str(), 1);
    ::execl(PYSANDBOX_CLI, "pysandbox", "env", "build", package.c_str(), "--no-index", "--find-links", folder.c_str(),
            "--allow-source-builds", "--store", store.c_str(), "--installer", installer.c_str(), "--json", nullptr);
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
  const int killed = build("framelike", wheel_folder(), store_directory, installer.path(), GetParam());
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

class SourceBuildCrash : public ::testing::TestWithParam<const char*> {};

INSTANTIATE_TEST_SUITE_P(Places, SourceBuildCrash,
                         ::testing::Values("after_source_fetch:1", "after_build:1", "before_moving_into_place:1",
                                           "after_moving_into_place:1", "before_moving_into_place:2"));

TEST_P(SourceBuildCrash, LeavesAStoreThatCanBeUsed) {
  const TemporaryDirectory directory, sources;
  const std::string make = "/usr/bin/python3 -B '" PYSANDBOX_PACKAGES_DIR "/make_sources.py' '" + sources.path() + "'";
  ASSERT_EQ(std::system(make.c_str()), 0);  // NOLINT: words of the test's own
  const CountedInstaller installer(CountedInstaller::uv().empty() ? "pip" : "uv");
  const std::string store_directory = directory / "store";
  const int killed = build("srclike<2", sources.path(), store_directory, installer.path(), GetParam());
  ASSERT_TRUE(WIFSIGNALED(killed) && WTERMSIG(killed) == SIGKILL) << "the place was not reached; status " << killed;
  for (const auto& entry : std::filesystem::directory_iterator(store_directory + "/built")) {
    EXPECT_TRUE(std::filesystem::exists(entry.path() / "built.json")) << "half a build can be seen";
  }

  const auto runner = make_native_runner();
  EnvironmentStoreOptions options{.find_links = {sources.path()}, .no_index = true};
  options.allow_source_builds = true;
  options.installer = installer.path();
  const auto store = open_environment_store(store_directory, *runner, options);
  EXPECT_TRUE(std::filesystem::is_empty(store_directory + "/new"));
  const auto environment = store->prepare({.packages = {"srclike<2"}}, {}, {});
  EXPECT_EQ(read_whole(environment->directory + "/site-packages/srclike/__init__.py"), "value = '1.0'\n");
  EXPECT_TRUE(std::filesystem::is_empty(store_directory + "/new"));
}

}  // namespace
}  // namespace pysandbox::testing
