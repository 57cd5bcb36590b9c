// A running pysandbox-init: started from memory, in new namespaces, with its ids mapped.
#pragma once

#include <sys/types.h>

#include <chrono>
#include <cstdint>
#include <span>
#include <vector>

#include "container/launch_plan.hpp"
#include "container/supervisor.hpp"
#include "support/unique_fd.hpp"

namespace pysandbox::container {

// The program itself, as a sealed memfd: made once per runner, shared by all its containers. Or the library of its
// zygotes.
class InitImage {
 public:
  explicit InitImage(std::span<const std::byte> bytes);
  static std::span<const std::byte> built_in() noexcept;
  static std::span<const std::byte> zygote_library() noexcept;

  int fd() const noexcept { return fd_.get(); }

 private:
  UniqueFd fd_;
};

// It takes one millisecond; a host that needs more is not well.
inline constexpr std::chrono::milliseconds building_patience{20'000};

struct InitStart {
  std::uint32_t host_uid;  // what the guest is on the host
  std::uint32_t host_gid;
  bool privileged;  // we may map any id
  int cgroup;       // v2: born into it; -1: not
  ContainerPlan plan;

  // A zygote's, under root: it may give away the ids of all slots, which it counts from first_parked_id. Its own is
  // among them on the host, but not here.
  std::uint32_t first_parked_uid = 0;
  std::uint32_t parked_uid_count = 0;
};

// An init that a zygote has forked: it waits for its plan.
struct ForkedInit {
  pid_t pid;
  UniqueFd pidfd;
  UniqueFd channel;
};

// Throws the Error for a step that failed inside.
[[noreturn]] void throw_step_failed(const Report& report);

// Ended and reaped at the latest by its destructor, and with it everything in the container.
class InitProcess final : public Init {
 public:
  // Returns while the container is still being built: the caller has other things to do meanwhile.
  InitProcess(const InitImage& image, const InitStart& start);
  // One that is there already. Somebody else is its parent.
  explicit InitProcess(ForkedInit forked) noexcept;
  ~InitProcess() override;

  InitProcess(const InitProcess&) = delete;
  InitProcess& operator=(const InitProcess&) = delete;

  pid_t pid() const noexcept { return pid_; }
  Way way() const noexcept override { return Way::channel; }
  int death() const noexcept override { return pidfd_.get(); }
  int channel() const noexcept override { return channel_.get(); }
  int workspace() const noexcept { return workspace_.get(); }  // the root of the writable file system, once ready

  int landlock_abi() const noexcept { return landlock_abi_; }  // what it found; once ready

  // Throws Error{sandbox_unavailable}, naming the step and the remedy, if the container could not be built.
  void wait_until_ready(std::chrono::milliseconds patience = building_patience);
  void wait_until_parked(std::chrono::milliseconds patience = building_patience);

  // What it shall be, and the `tasks` files by which a forked one joins its cgroup on v1.
  void tell(const ContainerPlan& plan, std::span<const UniqueFd> cgroup_files) const;

  bool is_alive() const noexcept;
  bool hear(Report& report) override;
  bool hear_rest(Report& report) override;
  bool order(Order order) noexcept override;
  void kill() noexcept override;
  void reap() noexcept override;  // with it the kernel has ended the whole pid namespace
  [[noreturn]] void refuse(const Report& report) const override { throw_step_failed(report); }

 private:
  void spawn(const InitImage& image, const InitStart& start);
  void map_ids(const InitStart& start) const;

  pid_t pid_ = -1;
  bool is_child_ = true;
  UniqueFd pidfd_;
  UniqueFd channel_;
  UniqueFd workspace_;
  int landlock_abi_ = 0;
};

}  // namespace pysandbox::container
