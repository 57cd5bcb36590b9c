// The OCI runner, over each runtime that is here.
#include <pysandbox/oci_runner.hpp>

#include <unistd.h>

#include "contract/container_runner_contract.hpp"
#include "process/find_program.hpp"

namespace pysandbox::testing {
namespace {

RunnerKind oci_kind(const std::string& runtime) {
  RunnerKind kind{"oci_" + runtime, [runtime] { return make_oci_runner({.runtime = runtime}); }};
  if (::geteuid() != 0) {
    kind.missing = "only root can use the oci runner";
  } else if (find_program(runtime).empty() && !is_program("/usr/sbin/" + runtime)) {
    kind.missing = "there is no " + runtime + " here";
  }
  return kind;
}

INSTANTIATE_TEST_SUITE_P(Oci, ContainerRunnerContract, ::testing::Values(oci_kind("runc"), oci_kind("runsc")),
                         [](const auto& instance) { return instance.param.name; });

}  // namespace
}  // namespace pysandbox::testing
