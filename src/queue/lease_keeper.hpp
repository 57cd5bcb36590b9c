// Keeps the leases of the jobs that run here, brings their output into their logs, and hears when one is to be
// cancelled.
#pragma once

#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include <pysandbox/job_store.hpp>

#include "held_job.hpp"

namespace pysandbox {

// Threads: any. One of its own does the work.
class LeaseKeeper {
 public:
  using Trouble = std::function<void(const std::string& sentence)>;

  // What fails is told to `trouble` and tried again.
  LeaseKeeper(JobStore& store, std::chrono::milliseconds lease, Trouble trouble);

  // Around each JobStore::claim(): what changes about a job before it is held is not missed then. The end wants what
  // the beginning returned.
  std::uint64_t begin_claim();
  void end_claim(std::uint64_t begun_at);

  void hold(const std::shared_ptr<HeldJob>& job);

  // When it returns, no more output goes to the log: what that lacks comes with JobStore::finish(). The lease is still
  // kept.
  void close_output(const HeldJob& job);

  // When it returns, the job is left alone.
  void release(const HeldJob& job);

  // Ends every program that runs or is held from now on, so that its job can go back to the queue.
  void interrupt_all();

  // Something about a job has changed, or, with an empty id, about any.
  void look_at(const JobId& id);

 private:
  using Clock = std::chrono::steady_clock;

  struct Entry {
    std::shared_ptr<HeldJob> job;
    std::mutex mutex;  // held while the job is attended to; guards what follows
    Clock::time_point next_heartbeat;
    bool is_store_away = false;  // output waits for the next heartbeat
    bool is_output_open = true;
    bool is_held = true;
  };
  using EntryPointer = std::shared_ptr<Entry>;

  void run(const std::stop_token& stop);
  std::vector<JobId> wait_for_wishes(const std::stop_token& stop);
  void attend(Entry& entry, bool is_wished);
  void beat(Entry& entry);
  EntryPointer entry_of(const HeldJob& job);
  std::vector<EntryPointer> entries();

  JobStore& store_;
  const std::chrono::milliseconds lease_;
  const Trouble trouble_;
  std::mutex mutex_;                     // guards the six below; never held while the store is asked
  std::multiset<std::uint64_t> claims_;  // under way: how many changes had been heard when each began
  std::deque<JobId> heard_;              // since the first of those began, and not more: there may always be one
  std::uint64_t forgotten_ = 0;          // how many were heard before
  bool is_interrupting_ = false;
  std::vector<EntryPointer> entries_;
  std::vector<JobId> wishes_;
  std::condition_variable_any changed_;
  std::jthread thread_;
};

}  // namespace pysandbox
