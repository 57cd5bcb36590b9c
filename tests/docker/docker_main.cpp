// Tests of the docker runner over a real engine, which this program starts once and ends at its end.
#include <gtest/gtest.h>

#include <cstdio>
#include <cstdlib>
#include <optional>
#include <string_view>

#include "docker/docker_fixture.hpp"
#include "docker/escape_cases.hpp"
#include "support/temporary_directory.hpp"

namespace pysandbox::testing {
namespace {

std::optional<ThrowawayDocker> the_engine;
std::optional<TemporaryDirectory> the_state;
std::unique_ptr<ContainerRunner> the_runner;

class Engine final : public ::testing::Environment {
 public:
  void SetUp() override {
    the_engine.emplace();
    the_state.emplace();
  }
  void TearDown() override {
    the_runner.reset();
    the_state.reset();
    the_engine.reset();
  }
};

// What a test kills: parks a container and runs one program, both until then.
int run_for_ever(const char* engine, const char* state_directory) {
  DockerRunnerOptions options;
  options.engine = engine;
  options.state_directory = state_directory;
  options.pool.maximum = 1;
  const auto runner = make_docker_runner(options);
  Limits limits;
  limits.time_limit = std::chrono::hours(1);
  runner->open({limits})->run({.entry_point = "main.py", .code = "import time\ntime.sleep(3600)"}, {});
  return 1;
}

}  // namespace

ThrowawayDocker& engine() { return the_engine.value(); }

DockerRunnerOptions docker_options() {
  DockerRunnerOptions options;
  options.engine = engine().address();
  options.state_directory = the_state.value() / "state";
  return options;
}

ContainerRunner& shared_docker_runner() {
  if (!the_runner) the_runner = make_docker_runner(docker_options());
  return *the_runner;
}

}  // namespace pysandbox::testing

int main(int argc, char** argv) {
  using namespace pysandbox::testing;
  if (argc == 4 && std::string_view(argv[1]) == "--run-for-ever") return run_for_ever(argv[2], argv[3]);
  ::testing::InitGoogleTest(&argc, argv);
  if (const std::string reason = ThrowawayDocker::missing(); !reason.empty()) {
    std::fprintf(stderr, "docker_test: %s\n", reason.c_str());
    const char* ci = std::getenv("CI");
    return ci != nullptr && *ci != '\0' ? 1 : 77;
  }
  add_escape_cases();
  ::testing::AddGlobalTestEnvironment(new Engine);
  return RUN_ALL_TESTS();
}
