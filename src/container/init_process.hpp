// A running pysandbox-init: started from memory, in new namespaces, with its ids mapped.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <span>
#include <vector>

#include "container/launch_plan.hpp"
#include "support/unique_fd.hpp"

namespace pysandbox::container {

// The program itself, as a sealed memfd: made once per runner, shared by all its containers.
class InitImage {
 public:
  explicit InitImage(std::span<const std::byte> bytes);
  static std::span<const std::byte> built_in() noexcept;

  int fd() const noexcept { return fd_.get(); }

 private:
  UniqueFd fd_;
};

struct InitStart {
  std::uint32_t host_uid;  // what the guest is on the host
  std::uint32_t host_gid;
  bool privileged;  // we may map any id
  int cgroup;       // v2: born into it; -1: not
  ContainerPlan plan;
};

// Ended and reaped at the latest by its destructor, and with it everything in the container.
class InitProcess {
 public:
  // Returns while the container is still being built: the caller has other things to do meanwhile.
  InitProcess(const InitImage& image, const InitStart& start);
  ~InitProcess();

  InitProcess(const InitProcess&) = delete;
  InitProcess& operator=(const InitProcess&) = delete;

  pid_t pid() const noexcept { return pid_; }
  int pidfd() const noexcept { return pidfd_.get(); }  // readable when it is dead
  int channel() const noexcept { return channel_.get(); }
  int workspace() const noexcept { return workspace_.get(); }  // the root of the writable file system, once ready

  int landlock_abi() const noexcept { return landlock_abi_; }  // what it found; once ready

  // Throws Error{sandbox_unavailable}, naming the step and the remedy, if the container could not be built.
  void wait_until_ready();

  bool order(Order order) noexcept;
  void kill() noexcept;
  void reap() noexcept;  // waits until it is dead; with it the kernel has ended the whole pid namespace

 private:
  void spawn(const InitImage& image, const InitStart& start);
  void map_ids(const InitStart& start) const;

  pid_t pid_ = -1;
  UniqueFd pidfd_;
  UniqueFd channel_;
  UniqueFd workspace_;
  int landlock_abi_ = 0;
};

// Throws the Error for a step that failed inside.
[[noreturn]] void throw_step_failed(const Report& report);

}  // namespace pysandbox::container
