// The workers of a queue: threads that claim jobs, run them through the pipeline, and bring their ends to the store.
#pragma once

#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include <pysandbox/file_store.hpp>
#include <pysandbox/job_store.hpp>
#include <pysandbox/sandbox.hpp>

#include "held_job.hpp"
#include "lease_keeper.hpp"
#include "worker.hpp"

namespace pysandbox {

class WorkerPool {
 public:
  // All must outlive it. Begins at once.
  WorkerPool(JobStore& store, FileStore* files, Worker& worker, const QueueOptions& options);

  // As drain() without patience.
  ~WorkerPool();

  // See Sandbox::drain().
  void drain(std::chrono::milliseconds patience);

 private:
  void work();
  bool work_once();
  std::optional<Claim> claim_next();
  void hear(const JobId& id);

  void attend(const std::shared_ptr<HeldJob>& held);
  std::optional<RunResult> run(HeldJob& held);
  RunResult process(HeldJob& held);
  void log_progress(HeldJob& held, std::string_view sentence);
  void try_again_later(const HeldJob& held);
  void bring_back(const HeldJob& held);
  void finish(const HeldJob& held, const RunResult& result);
  bool has_ended_with(const HeldJob& held, const RunResult& result);
  template <class Call>
  std::optional<bool> until_available(const HeldJob& held, const Call& call);
  void pause(const HeldJob& held, std::chrono::milliseconds time);

  void tell(SandboxEvent::Kind kind, const Job& job) const;
  void tell_trouble(const std::string& sentence) const;

  JobStore& store_;
  FileStore* files_;
  Worker& worker_;
  const QueueOptions options_;
  LeaseKeeper keeper_;

  std::mutex mutex_;  // guards the four below
  std::condition_variable changed_;
  std::uint64_t changes_ = 0;
  unsigned busy_ = 0;
  bool is_closing_ = false;    // no more claims
  bool is_impatient_ = false;  // what runs is given back

  std::unique_ptr<JobSubscription> subscription_;
  std::vector<std::jthread> threads_;
};

}  // namespace pysandbox
