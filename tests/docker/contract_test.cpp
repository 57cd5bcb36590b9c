// The contract of every runner, over Docker.
#include "contract/container_runner_contract.hpp"
#include "docker/docker_fixture.hpp"

namespace pysandbox::testing {
namespace {

// One runner for all tests of the suite.
class SharedRunner final : public ContainerRunner {
 public:
  std::string_view name() const override { return shared_docker_runner().name(); }
  std::vector<HostFinding> check() override { return shared_docker_runner().check(); }
  std::unique_ptr<Container> open(const ContainerSpec& spec) override { return shared_docker_runner().open(spec); }
};

INSTANTIATE_TEST_SUITE_P(Docker, ContainerRunnerContract,
                         ::testing::Values(RunnerKind{"docker", [] { return std::make_unique<SharedRunner>(); }}),
                         [](const auto& instance) { return instance.param.name; });

}  // namespace
}  // namespace pysandbox::testing
