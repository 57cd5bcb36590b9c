// THE PIPELINE: one request from what was asked to what came out.
#pragma once

#include <pysandbox/container_runner.hpp>
#include <pysandbox/file_store.hpp>
#include <pysandbox/job.hpp>
#include <pysandbox/sandbox.hpp>

namespace pysandbox {

// Threads: safe anywhere, as its parts are. Both must outlive it.
class Worker {
 public:
  Worker(ContainerRunner& runner, FileStore* files) : runner_(runner), files_(files) {}

  RunResult process(const JobRequest& request, const RunOptions& options);

 private:
  ContainerRunner& runner_;
  FileStore* files_;  // null: artifacts are described, not kept
};

}  // namespace pysandbox
