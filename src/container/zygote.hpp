// A zygote: an interpreter in a container of its own, from which parked containers are forked.
//
// It has read nobody's program and never will. What it has loaded, its addresses and its hash seed are shared by all
// that is forked from it; nothing else is.
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include <pysandbox/container_runner.hpp>

#include "container/cgroup.hpp"
#include "container/init_process.hpp"
#include "container/place.hpp"
#include "container/slot.hpp"

namespace pysandbox::container {

// What zygotes are made of; outlives them.
struct ZygoteParts {
  const NativeRunnerOptions& options;
  const InitImage& init;
  const InitImage& library;
  CgroupTree* cgroups;  // null: none
  const SlotTable& slots;
};

class Zygote;

// A container that is built and in which an interpreter waits. Its init takes a ProgramPlan, once.
struct ParkedContainer {
  std::shared_ptr<Zygote> zygote;  // whose container is around this one's processes: it must not end before them
  Place place;
  std::unique_ptr<InitProcess> init;
  bool was_waiting = true;  // else it was made when its program was there
};

// Threads: every method may be called from any.
class Zygote : public std::enable_shared_from_this<Zygote> {
 public:
  // Its interpreter starts, which may take seconds. Throws Error{sandbox_unavailable} if it cannot be started.
  Zygote(const ZygoteParts& parts, std::string environment_directory);

  // Whether it can be forked; not to be asked again then. Never waits. Throws Error{sandbox_unavailable} with what its
  // interpreter said if it will not be.
  bool is_ready();

  // How many of `count` may still be forked, since it is replaced after so many. They count as forked.
  std::uint32_t reserve(std::uint32_t count) noexcept;

  // A container that builds itself meanwhile: much of that is waiting, so several at once take hardly longer than one.
  struct Parking {
    Place place;
    std::unique_ptr<InitProcess> init;
  };

  // Each step may take `patience`. Both throw Error if no container comes of it.
  Parking begin_parking(std::chrono::milliseconds patience);
  std::unique_ptr<ParkedContainer> finish_parking(Parking parking, std::chrono::milliseconds patience);

  // It is dead, or does not answer: of no use any more.
  bool is_spoiled() const noexcept { return spoiled_; }
  bool has_served() const noexcept { return has_served_; }       // a container came of it
  std::uint32_t children() const noexcept { return children_; }  // reserved
  std::chrono::steady_clock::time_point born() const noexcept { return born_; }

 private:
  struct Forked {
    ForkedInit init;
    std::int32_t pid_inside;  // as this zygote's container counts
  };

  InitStart start() const;
  void start_interpreter();
  std::uint32_t order_fork(const UniqueFd& channel);
  Forked hear_of_fork(std::uint32_t number, UniqueFd channel, std::chrono::milliseconds patience);
  void give_user(std::int32_t pid_inside, std::uint32_t id, std::chrono::milliseconds patience);
  ContainerPlan plan_of_parked(std::uint32_t cgroup_files) const;

  const ZygoteParts parts_;
  std::string environment_directory_;
  std::chrono::steady_clock::time_point born_ = std::chrono::steady_clock::now();
  std::atomic<std::uint32_t> children_ = 0;
  std::atomic<bool> spoiled_ = false;
  std::atomic<bool> has_served_ = false;
  std::timed_mutex forking_;  // an order and its answer
  std::uint32_t orders_given_ = 0;
  std::mutex mapping_;
  // Destroyed from the last to the first, as in a container.
  Place place_;
  std::unique_ptr<InitProcess> init_;
  UniqueFd orders_;
  UniqueFd errors_;  // until it is ready
};

}  // namespace pysandbox::container
