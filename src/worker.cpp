#include "worker.hpp"

#include "environment/prepare.hpp"
#include "file/artifacts.hpp"

namespace pysandbox {

RunResult Worker::process(const JobRequest& request, const RunOptions& options) {
  const Program program = prepare(request);
  const auto container = runner_.open({request.limits, request.minimum_isolation});
  const std::stop_callback stop(options.stop, [&] { container->stop(); });
  RunResult result = container->run(program, options.on_output);
  container->collect(result, [&](OutputFile& file) { result.artifacts.push_back(keep_artifact(file, files_)); });
  return result;
}

}  // namespace pysandbox
