#include "worker.hpp"

#include "environment/packages.hpp"
#include "environment/prepare.hpp"
#include "file/artifacts.hpp"
#include "support/failpoint.hpp"

namespace pysandbox {
namespace {

RunResult result_without_inputs(std::vector<std::string> missing) {
  RunResult result;
  result.outcome = Outcome::input_error;
  result.failure = Failure{.limit = "inputs",
                           .observed = std::to_string(missing.size()) + " of the inputs could not be had",
                           .hint = "see warnings for each, mend them and submit the job again"};
  result.warnings = std::move(missing);
  return result;
}

// Nothing is wrong with the inputs: nobody waits for them any more.
RunResult result_of_stop() {
  RunResult result;
  result.outcome = Outcome::cancelled;
  return result;
}

}  // namespace

RunResult Worker::process(const JobRequest& request, const RunOptions& options) {
  Preparation ready = prepare(request, {files_, web_, spool_directory_, options.stop});
  failpoint("after_prepare");
  if (!ready.missing.empty()) {
    return options.stop.stop_requested() ? result_of_stop() : result_without_inputs(std::move(ready.missing));
  }
  const PreparedPackages packages = prepare_packages(request, environments_, options.on_progress, options.stop);
  if (packages.refusal) return options.stop.stop_requested() ? result_of_stop() : *packages.refusal;
  return run(request, ready.program, packages.environment.get(), options);
}

RunResult Worker::run(const JobRequest& request, const Program& program, const Environment* environment,
                      const RunOptions& options) {
  const auto container =
      runner_.open({.limits = request.limits,
                    .minimum_isolation = request.minimum_isolation,
                    .environment_directory = environment == nullptr ? std::string() : environment->directory,
                    .start = request.start});
  const std::stop_callback stop(options.stop, [&] { container->stop(); });
  failpoint("before_run");
  RunResult result = container->run(program, options.on_output);
  failpoint("after_run");
  if (environment != nullptr) result.environment = environment->info;
  keep_artifacts(*container, options.owner, result);
  return result;
}

// All or none: what is kept of a failing harvest would be nobody's.
void Worker::keep_artifacts(Container& container, const std::string& owner, RunResult& result) {
  try {
    container.collect(result, [&](OutputFile& file) {
      result.artifacts.push_back(keep_artifact(file, files_, owner));
      failpoint("after_artifact");
    });
  } catch (...) {
    remove_artifacts(result, files_);
    throw;
  }
}

}  // namespace pysandbox
