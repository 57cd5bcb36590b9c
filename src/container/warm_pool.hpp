// Parked containers, ready for programs: a zygote and a queue for each environment, kept by one thread.
//
// Who runs a program never waits for that thread: take() gives what is there, or forks one from the zygote that is
// there by itself, or gives nothing.
#pragma once

#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include <pysandbox/container_runner.hpp>

#include "container/pool_size.hpp"
#include "container/zygote.hpp"

namespace pysandbox::container {

class WarmPool {
 public:
  explicit WarmPool(const ZygoteParts& parts);
  ~WarmPool();  // everything parked ends

  WarmPool(const WarmPool&) = delete;
  WarmPool& operator=(const WarmPool&) = delete;

  // The one that has waited longest in this environment, or a new one. Nothing if there is neither.
  std::unique_ptr<ParkedContainer> take(const std::string& environment_directory);

  // What is left of a run: ended here, and taken away by the thread.
  void bury(std::unique_ptr<ParkedContainer> ended) noexcept;

  // How a program was started.
  enum class Start { parked, on_demand, cold, fresh };
  void note_start(Start start) noexcept;
  void note_failure() noexcept;  // of what take() gave, before it had its program

  PoolUsage usage();

  // How the standard library's zygote is, started for this if there was none.
  HostFinding finding();

  // Parked in this environment now.
  std::size_t parked(const std::string& environment_directory);

 private:
  using Clock = std::chrono::steady_clock;

  struct Environment {
    std::string directory;
    std::shared_ptr<Zygote> zygote;
    std::shared_ptr<Zygote> coming;  // takes its place when it is ready
    std::deque<std::unique_ptr<ParkedContainer>> parked;
    std::optional<PoolSize> size;
    std::uint64_t bytes_each = 4 << 20;
    Clock::time_point used{};
    std::string flaw;  // why there is no zygote; empty: none is missed
    Clock::time_point retry_at{};
    std::chrono::milliseconds patience{0};  // before the next try after a failure
  };
  using Environments = std::map<std::string, Environment>;

  // What has no use any more: it ends without the lock.
  struct Ended {
    std::deque<std::unique_ptr<ParkedContainer>> containers;
    std::vector<std::shared_ptr<Zygote>> zygotes;
  };

  Environment& wish_for(const std::string& directory);
  std::unique_ptr<ParkedContainer> make_now(const std::shared_ptr<Zygote>& zygote) noexcept;
  void drop(const std::shared_ptr<Zygote>& zygote);

  void keep(const std::stop_token& stop);
  void rest(std::unique_lock<std::mutex>& lock, const std::stop_token& stop);
  void rouse();
  std::uint32_t lacking(const Environment& environment, Clock::time_point now) const;
  Environment* next_to_renew(Clock::time_point now);
  Environment* next_to_fill(Clock::time_point now);
  std::size_t room_for(const Environment& environment) const;
  std::size_t zygotes() const;
  std::size_t free_places() const;
  bool is_full() const;     // for another zygote
  bool is_crowded() const;  // and one is missed
  void renew(std::unique_lock<std::mutex>& lock, Environment& environment);
  void hear_of_coming();
  void fill(std::unique_lock<std::mutex>& lock, Environment& environment);
  void note_flaw(Environment& environment, const std::string& why);
  void shrink(Clock::time_point now);

  const ZygoteParts parts_;
  const PoolOptions& options_;
  const PoolBounds bounds_;
  const std::size_t places_;  // for what is parked and for zygotes
  std::mutex mutex_;          // guards what follows
  std::condition_variable_any changed_;
  Environments environments_;  // only the thread removes any
  Ended ended_;
  unsigned making_now_ = 0;  // by those who need them
  bool is_resting_ = false;  // the thread, for longer than it takes to look by itself
  PoolUsage usage_;          // what it counts
  std::jthread thread_;      // the last: it uses all of the above
};

}  // namespace pysandbox::container
