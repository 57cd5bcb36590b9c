#include "runners/choice.hpp"

#include <pysandbox/error.hpp>

#include "support/in_quotes.hpp"
#ifdef PYSANDBOX_WITH_OCI
#include <pysandbox/oci_runner.hpp>
#endif
#ifdef PYSANDBOX_WITH_DOCKER
#include <pysandbox/docker_runner.hpp>
#endif

namespace pysandbox {
namespace {

[[noreturn]] void refuse(const std::string& sentence) { throw Error(ErrorCode::invalid_request, sentence); }

[[noreturn, maybe_unused]] void refuse_missing(const std::string& runner, const std::string& option) {
  refuse("this build has no " + runner + " runner; build it with " + option + "=ON, or choose another runner");
}

std::unique_ptr<ContainerRunner> make_oci([[maybe_unused]] const RunnerChoice& choice) {
#ifdef PYSANDBOX_WITH_OCI
  OciRunnerOptions options;
  if (!choice.runtime.empty()) options.runtime = choice.runtime;
  options.python = choice.native.python;
  options.rootfs = choice.native.rootfs;
  options.cgroup_parent = choice.native.cgroup_parent;
  options.state_directory = choice.native.state_directory;
  return make_oci_runner(options);
#else
  refuse_missing("oci", "PYSANDBOX_WITH_OCI");
#endif
}

std::unique_ptr<ContainerRunner> make_docker([[maybe_unused]] const RunnerChoice& choice) {
#ifdef PYSANDBOX_WITH_DOCKER
  DockerRunnerOptions options;
  if (!choice.engine.empty()) options.engine = choice.engine;
  if (!choice.image.empty()) options.image = choice.image;
  options.python = choice.native.python;
  options.state_directory = choice.native.state_directory;
  options.pool.maximum = choice.docker_pool;
  return make_docker_runner(options);
#else
  refuse_missing("docker", "PYSANDBOX_WITH_DOCKER");
#endif
}

}  // namespace

std::unique_ptr<ContainerRunner> make_runner(const RunnerChoice& choice) {
  if (!choice.runtime.empty() && choice.runner != "oci") refuse("a runtime belongs to the oci runner; choose that too");
  if (!choice.image.empty() && choice.runner != "docker") {
    refuse("an image belongs to the docker runner; choose that too");
  }
  if (!choice.engine.empty() && choice.runner != "docker") {
    refuse("an engine belongs to the docker runner; choose that too");
  }
  if (choice.runner == "native") return make_native_runner(choice.native);
  if (choice.runner == "oci") return make_oci(choice);
  if (choice.runner == "docker") return make_docker(choice);
  refuse("there is no runner " + in_quotes(choice.runner) + "; choose native, oci or docker");
}

}  // namespace pysandbox
