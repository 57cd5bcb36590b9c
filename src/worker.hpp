// THE PIPELINE: one request from what was asked to what came out.
#pragma once

#include <string>
#include <utility>

#include <pysandbox/container_runner.hpp>
#include <pysandbox/environment_store.hpp>
#include <pysandbox/file_store.hpp>
#include <pysandbox/job.hpp>
#include <pysandbox/sandbox.hpp>
#include <pysandbox/web_client.hpp>

namespace pysandbox {

// Threads: safe anywhere, as its parts are. All must outlive it.
class Worker {
 public:
  // Without `files`, artifacts are described, not kept; without `web`, no input has a URL that can be had; without
  // `environments`, no job has packages.
  Worker(ContainerRunner& runner, FileStore* files, WebClient* web, EnvironmentStore* environments,
         std::string spool_directory)
      : runner_(runner),
        files_(files),
        web_(web),
        environments_(environments),
        spool_directory_(std::move(spool_directory)) {}

  RunResult process(const JobRequest& request, const RunOptions& options);

 private:
  RunResult run(const JobRequest& request, const Program& program, const Environment* environment,
                const RunOptions& options);
  void keep_artifacts(Container& container, const std::string& owner, RunResult& result);

  ContainerRunner& runner_;
  FileStore* files_;
  WebClient* web_;
  EnvironmentStore* environments_;
  std::string spool_directory_;
};

}  // namespace pysandbox
