// A job that runs here: its claim, what it prints, and how it is told to end early.
#pragma once

#include <atomic>
#include <chrono>
#include <mutex>
#include <stop_token>
#include <utility>

#include <pysandbox/job_store.hpp>

#include "live_output.hpp"

namespace pysandbox {

// Threads: any; its worker runs it while the LeaseKeeper attends to it.
class HeldJob {
 public:
  explicit HeldJob(Claim claim) : claim_(std::move(claim)) {}

  const Claim& claim() const noexcept { return claim_; }
  const Job& job() const noexcept { return claim_.job; }
  LiveOutput& output() noexcept { return output_; }

  // Stops when the program is to end early, for one of the reasons below.
  std::stop_token stop() const noexcept { return stop_.get_token(); }

  void lose() {
    lost_ = true;
    stop_.request_stop();
  }
  void cancel() {
    cancelled_ = true;
    stop_.request_stop();
  }
  void interrupt() {
    interrupted_ = true;
    stop_.request_stop();
  }

  bool lost() const noexcept { return lost_; }                // somebody else has the job now
  bool cancelled() const noexcept { return cancelled_; }      // nobody wants it any more
  bool interrupted() const noexcept { return interrupted_; }  // this process ends

 private:
  const Claim claim_;
  LiveOutput output_;
  std::stop_source stop_;
  std::atomic<bool> lost_ = false;
  std::atomic<bool> cancelled_ = false;
  std::atomic<bool> interrupted_ = false;
};

}  // namespace pysandbox
