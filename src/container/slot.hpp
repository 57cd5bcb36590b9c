// One place for a running job on this host: a number that no other running job has, in any process.
//
// The number is the job's user id under root and the name of its cgroup. It is held
// by a byte-range lock on one small file, so it is free again the moment its
// holder dies, however it dies, and whoever gets it next knows that what carries this name is dead.
// All slots of one table are locks of one descriptor; among them the table itself keeps count.
#pragma once

#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <string>

#include <pysandbox/container_runner.hpp>

namespace pysandbox::container {

class HeldSlots;

class Slot {
 public:
  Slot(Slot&&) noexcept = default;
  Slot& operator=(Slot&&) = delete;
  ~Slot();

  // Below the runner's first id, counted from zero.
  std::uint32_t index() const noexcept { return index_; }
  std::uint32_t uid() const noexcept { return first_uid_ + index_; }
  std::string name() const { return "job-" + std::to_string(uid()); }

 private:
  friend class SlotTable;
  Slot(std::shared_ptr<HeldSlots> held, std::uint32_t index, std::uint32_t first_uid)
      : held_(std::move(held)), index_(index), first_uid_(first_uid) {}

  std::shared_ptr<HeldSlots> held_;
  std::uint32_t index_;
  std::uint32_t first_uid_;
};

// Threads: safe anywhere.
class SlotTable {
 public:
  explicit SlotTable(const NativeRunnerOptions& options);

  // The lowest free slot. Throws Error{unavailable} if all are taken.
  Slot claim() const;

  // The slot of that name if nobody holds it; for clearing up after the dead.
  std::optional<Slot> claim_dead(const std::string& name) const;

 private:
  std::shared_ptr<HeldSlots> held() const;

  std::string path_;
  std::uint32_t first_uid_;
  std::uint32_t count_;
  mutable std::mutex mutex_;
  mutable std::shared_ptr<HeldSlots> held_;
};

}  // namespace pysandbox::container
