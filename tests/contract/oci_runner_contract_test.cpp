// The OCI runner, over each runtime that is here.
#include <pysandbox/oci_runner.hpp>

#include <sys/utsname.h>
#include <unistd.h>

#include <cstdlib>

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

void skip_without(const RunnerKind& kind) {
  if (kind.missing.empty()) return;
  if (std::getenv("CI") != nullptr) FAIL() << kind.missing;
  GTEST_SKIP() << kind.missing;
}

TEST(OciRunner, RefusesToShareTheHostsKernelWithWhoAsksForOneOfHisOwn) {
  skip_without(oci_kind("runc"));
  if (::testing::Test::IsSkipped() || ::testing::Test::HasFatalFailure()) return;
  EXPECT_THROW(make_oci_runner({.runtime = "runc"})->open({{}, MinimumIsolation::vm_like}), Error);
  EXPECT_NO_THROW(make_oci_runner({.runtime = "runc"})->open({{}, MinimumIsolation::full}));
  EXPECT_THROW(make_native_runner()->open({{}, MinimumIsolation::vm_like}), Error);
}

TEST(OciRunner, GivesAKernelOfItsOwnWithGvisor) {
  skip_without(oci_kind("runsc"));
  if (::testing::Test::IsSkipped() || ::testing::Test::HasFatalFailure()) return;
  const auto runner = make_oci_runner({.runtime = "runsc"});
  const auto result = runner->open({{}, MinimumIsolation::vm_like})
                          ->run({.entry_point = "main.py", .code = "import platform\nprint(platform.release())"}, {});
  EXPECT_EQ(result.isolation.boundary, "vm_like");
  utsname name{};
  ::uname(&name);
  EXPECT_NE(result.stdout, std::string(name.release) + "\n");
}

TEST(OciRunner, SaysWhyARuntimeMadeNoContainer) {
  skip_without(oci_kind("runc"));
  if (::testing::Test::IsSkipped() || ::testing::Test::HasFatalFailure()) return;
  try {
    make_oci_runner({.python = "/usr/bin/no-such-python"})->open({})->run({.entry_point = "main.py", .code = ""}, {});
    FAIL() << "it ran";
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ErrorCode::sandbox_unavailable);
    EXPECT_NE(std::string(error.what()).find("cannot start the interpreter"), std::string::npos) << error.what();
  }
}

INSTANTIATE_TEST_SUITE_P(Oci, ContainerRunnerContract, ::testing::Values(oci_kind("runc"), oci_kind("runsc")),
                         [](const auto& instance) { return instance.param.name; });

}  // namespace
}  // namespace pysandbox::testing
