// With the index that this host's installers are configured for. Times are printed, not judged.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <cstdio>
#include <memory>
#include <string>
#include <vector>

#include <pysandbox/environment_store.hpp>
#include <pysandbox/error.hpp>

#include "package_index.hpp"

namespace pysandbox::testing {
namespace {

using ::testing::Contains;
using ::testing::HasSubstr;
using ::testing::Not;

double seconds_since(std::chrono::steady_clock::time_point start) {
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
}

class RealIndex : public ::testing::TestWithParam<const char*> {};

INSTANTIATE_TEST_SUITE_P(Installers, RealIndex, ::testing::Values("uv", "pip"),
                         [](const auto& test) { return test.param; });

TEST_P(RealIndex, GivesPandas) {
  if (std::string(GetParam()) == "uv" && CountedInstaller::uv().empty()) {
    ASSERT_EQ(std::getenv("CI"), nullptr) << "uv is missing; run scripts/install_uv.sh";
    GTEST_SKIP() << "there is no uv here; scripts/install_uv.sh installs it";
  }
  const TemporaryDirectory directory;
  const CountedInstaller installer(GetParam());
  const auto runner = make_native_runner();
  const auto store = open_environment_store(directory / "store", *runner, {.installer = installer.path()});
  std::vector<std::string> heard;
  const auto progress = [&](std::string_view sentence) { heard.emplace_back(sentence); };
  std::shared_ptr<const Environment> pandas;
  auto start = std::chrono::steady_clock::now();
  try {
    pandas = store->prepare({.packages = {"pandas"}}, progress, {});
  } catch (const Error& error) {
    if (error.code() != ErrorCode::unavailable) throw;
    ASSERT_EQ(std::getenv("CI"), nullptr) << error.what();
    GTEST_SKIP() << "no index can be reached: " << error.what();
  }
  std::printf("pandas for the first time: %.1f s\n", seconds_since(start));

  start = std::chrono::steady_clock::now();
  EXPECT_EQ(store->prepare({.packages = {"pandas"}}, progress, {})->info.digest, pandas->info.digest);
  std::printf("pandas again: %.1f ms\n", 1000 * seconds_since(start));
  EXPECT_EQ(installer.resolutions(), 1U);

  heard.clear();
  start = std::chrono::steady_clock::now();
  store->prepare({.packages = {"numpy"}}, progress, {});
  std::printf("numpy after it: %.1f s\n", seconds_since(start));
  EXPECT_THAT(heard, Not(Contains(HasSubstr("fetching"))));

  const auto container =
      runner->open({.limits = {.time_limit = std::chrono::seconds(120), .cpu_time_limit = std::chrono::seconds(120)},
                    .environment_directory = pandas->directory});
  Program program;
  program.entry_point = "main.py";
  program.code = "import pandas\nprint(pandas.DataFrame({'a': [1, 2, 3.5]})['a'].sum())\n";
  const RunResult result = container->run(program, {});
  EXPECT_EQ(result.stdout, "6.5\n") << result.stderr;
}

// docopt 0.6.2 has no wheel there, nor a pyproject.toml: setuptools builds it.
TEST_P(RealIndex, GivesASourceThatIsBuilt) {
  if (std::string(GetParam()) == "uv" && CountedInstaller::uv().empty()) {
    ASSERT_EQ(std::getenv("CI"), nullptr) << "uv is missing; run scripts/install_uv.sh";
    GTEST_SKIP() << "there is no uv here; scripts/install_uv.sh installs it";
  }
  const TemporaryDirectory directory;
  const CountedInstaller installer(GetParam());
  const auto runner = make_native_runner();
  EnvironmentStoreOptions options;
  options.allow_source_builds = true;
  options.installer = installer.path();
  const auto store = open_environment_store(directory / "store", *runner, options);
  std::vector<std::string> heard;
  try {
    store->prepare({.packages = {"docopt==0.6.2"}}, [&](std::string_view said) { heard.emplace_back(said); }, {});
  } catch (const Error& error) {
    if (error.code() != ErrorCode::unavailable) throw;
    ASSERT_EQ(std::getenv("CI"), nullptr) << error.what();
    GTEST_SKIP() << "no index can be reached: " << error.what();
  }
  EXPECT_THAT(heard, Contains("building docopt 0.6.2 from source"));
}

}  // namespace
}  // namespace pysandbox::testing
