#include <pysandbox/sandbox.hpp>

#include "queue/callback_sender.hpp"
#include "queue/retention.hpp"
#include "queue/worker_pool.hpp"
#include "worker.hpp"

namespace pysandbox {

struct Sandbox::Parts {
  explicit Parts(SandboxParts given)
      : runner(given.runner ? std::move(given.runner) : make_native_runner()),
        files(std::move(given.files)),
        jobs(std::move(given.jobs)),
        environments(std::move(given.environments)),
        web(std::move(given.web)),
        worker(*runner, files.get(), web.get(), environments.get(), given.spool_directory) {
    if (!jobs) return;
    pool = std::make_unique<WorkerPool>(*jobs, files.get(), worker, given.queue);
    retention = std::make_unique<Retention>(*jobs, files.get(), given.queue);
    if (web) callbacks = std::make_unique<CallbackSender>(*jobs, *web, given.queue);
  }

  JobStore& queue() {
    if (jobs) return *jobs;
    throw Error(ErrorCode::invalid_request,
                "this Sandbox has no JobStore, so it takes no submissions; give it one in SandboxParts, or use run()");
  }

  std::unique_ptr<ContainerRunner> runner;
  std::unique_ptr<FileStore> files;
  std::unique_ptr<JobStore> jobs;
  std::unique_ptr<EnvironmentStore> environments;
  std::unique_ptr<WebClient> web;
  Worker worker;
  // Those with threads, which use what stands above.
  std::unique_ptr<WorkerPool> pool;
  std::unique_ptr<Retention> retention;
  std::unique_ptr<CallbackSender> callbacks;
};

namespace {

// A file that is renewed now stays until the job has it, since retention keeps what waiting jobs need.
void hold_input_files(const JobRequest& request, FileStore* files) {
  for (const InputFile& input : request.inputs) {
    if (input.file_id.empty() || (files != nullptr && files->renew(input.file_id))) continue;
    throw Error(ErrorCode::not_found,
                "there is no file " + input.file_id + ", or it is there no longer; upload it again");
  }
}

void check_callback(const Submission& submission, WebClient* web) {
  if (submission.callback_url.empty()) return;
  if (web == nullptr) {
    throw Error(ErrorCode::invalid_request,
                "this Sandbox has no WebClient, so it can call nobody back; leave callback_url out");
  }
  if (const std::string objection = web->objection_to(submission.callback_url); !objection.empty()) {
    throw Error(ErrorCode::invalid_request, "callback_url: " + objection);
  }
}

}  // namespace

Sandbox::Sandbox(SandboxParts parts) : parts_(std::make_unique<Parts>(std::move(parts))) {}
Sandbox::~Sandbox() = default;

RunResult Sandbox::run(const JobRequest& request, const RunOptions& options) {
  return parts_->worker.process(request, options);
}

Added Sandbox::submit(const JobRequest& request, const Submission& submission) {
  JobStore& queue = parts_->queue();
  check_request(request);
  check_callback(submission, parts_->web.get());
  hold_input_files(request, parts_->files.get());
  return queue.add(request, submission);
}

bool Sandbox::cancel(const JobId& id) { return parts_->queue().cancel(id); }

bool Sandbox::remove(const JobId& id) { return remove_job(parts_->queue(), parts_->files.get(), id); }

void Sandbox::drain(std::chrono::milliseconds patience) {
  if (parts_->pool) parts_->pool->drain(patience);
}

std::vector<HostFinding> Sandbox::check() { return parts_->runner->check(); }
std::optional<PoolUsage> Sandbox::pool_usage() { return parts_->runner->pool_usage(); }

JobStore* Sandbox::jobs() noexcept { return parts_->jobs.get(); }
FileStore* Sandbox::files() noexcept { return parts_->files.get(); }
EnvironmentStore* Sandbox::environments() noexcept { return parts_->environments.get(); }
WebClient* Sandbox::web() noexcept { return parts_->web.get(); }

}  // namespace pysandbox
