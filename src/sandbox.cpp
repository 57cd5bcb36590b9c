#include <pysandbox/sandbox.hpp>

#include "worker.hpp"

namespace pysandbox {

struct Sandbox::Parts {
  explicit Parts(SandboxParts given)
      : runner(given.runner ? std::move(given.runner) : make_native_runner()),
        files(std::move(given.files)),
        worker(*runner, files.get()) {}

  std::unique_ptr<ContainerRunner> runner;
  std::unique_ptr<FileStore> files;
  Worker worker;
};

Sandbox::Sandbox(SandboxParts parts) : parts_(std::make_unique<Parts>(std::move(parts))) {}
Sandbox::~Sandbox() = default;

RunResult Sandbox::run(const JobRequest& request, const RunOptions& options) {
  return parts_->worker.process(request, options);
}

std::vector<HostFinding> Sandbox::check() { return parts_->runner->check(); }

}  // namespace pysandbox
