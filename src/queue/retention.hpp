// Forgets what is old: files that nobody uses, and jobs that ended long ago.
#pragma once

#include <condition_variable>
#include <mutex>
#include <thread>

#include <pysandbox/file_store.hpp>
#include <pysandbox/job_store.hpp>
#include <pysandbox/sandbox.hpp>

namespace pysandbox {

// Threads: its own. `files` may be null.
class Retention {
 public:
  Retention(JobStore& jobs, FileStore* files, const QueueOptions& options);

 private:
  void run(const std::stop_token& stop);
  void sweep(const std::stop_token& stop);
  void renew_files_in_use();
  void remove_old_jobs(const std::stop_token& stop);

  JobStore& jobs_;
  FileStore* files_;
  const QueueOptions options_;
  std::mutex mutex_;
  std::condition_variable_any stopped_;
  std::jthread thread_;
};

// An ended job and the artifacts it left. False if there is no such job, or it has not ended.
bool remove_job(JobStore& jobs, FileStore* files, const JobId& id);

}  // namespace pysandbox
