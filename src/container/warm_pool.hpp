// Parked containers, ready for programs: a zygote and a queue for each environment, kept by one thread.
//
// Who runs a program never waits for any of it: take() gives what is there, or nothing.
#pragma once

#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <mutex>

#include <string>
#include <thread>

#include <pysandbox/container_runner.hpp>

#include "container/zygote.hpp"

namespace pysandbox::container {

class WarmPool {
 public:
  explicit WarmPool(const ZygoteParts& parts);
  ~WarmPool();  // everything parked ends

  WarmPool(const WarmPool&) = delete;
  WarmPool& operator=(const WarmPool&) = delete;

  // The one that has waited longest in this environment. Nothing if none is parked: some will be, soon.
  std::unique_ptr<ParkedContainer> take(const std::string& environment_directory);

  // What is left of a run: ended here, and taken away by the thread.
  void bury(std::unique_ptr<ParkedContainer> ended) noexcept;

  // How the standard library's zygote is, started for this if there was none.
  HostFinding finding();

  // Parked in this environment now.
  std::size_t parked(const std::string& environment_directory);

 private:
  using Clock = std::chrono::steady_clock;

  struct Environment {
    std::string directory;
    std::deque<std::unique_ptr<ParkedContainer>> parked;
    std::uint32_t wanted = 0;
    std::uint32_t misses = 0;  // takes of nothing, since the last look
    std::uint64_t bytes_each = 4 << 20;
    Clock::time_point used{};
    Clock::time_point looked{};  // whether fewer would do
    std::string flaw;            // why there is no zygote; empty: none is missed
    Clock::time_point retry_at{};
    std::chrono::milliseconds patience{0};  // before the next try after a failure
    std::shared_ptr<Zygote> zygote;         // the thread's alone
  };
  using Environments = std::map<std::string, Environment>;

  void keep(const std::stop_token& stop);
  Environment& wish_for(const std::string& directory);
  Environment* next_to_fill(Clock::time_point now);
  std::size_t room_for(const Environment& environment) const;
  void fill(std::unique_lock<std::mutex>& lock, Environment& environment);
  void park(Environment& environment, std::size_t count, std::deque<std::unique_ptr<ParkedContainer>>& parked);
  void note_failure(Environment& environment, const std::string& why);
  void shrink(Clock::time_point now, std::deque<std::unique_ptr<ParkedContainer>>& surplus);

  const ZygoteParts parts_;
  const PoolOptions& options_;
  const std::uint32_t minimum_;
  std::mutex mutex_;  // guards what follows, but for the zygotes
  std::condition_variable_any changed_;
  Environments environments_;
  std::deque<std::unique_ptr<ParkedContainer>> ended_;
  std::jthread thread_;  // the last: it uses all of the above
};

}  // namespace pysandbox::container
