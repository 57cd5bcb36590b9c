#include "oci/private_place.hpp"

#include <sched.h>
#include <sys/mount.h>

#include <utility>

#include "support/syscall.hpp"

namespace pysandbox::oci {
namespace {

// What the host takes away goes away here too; nothing of ours goes there.
void leave_mounts() {
  check(::unshare(CLONE_NEWNS), "leaving the host's mounts (only root may)", ErrorCode::sandbox_unavailable);
  check(::mount(nullptr, "/", nullptr, MS_REC | MS_SLAVE, nullptr), "leaving the host's mounts",
        ErrorCode::sandbox_unavailable);
}

}  // namespace

PrivatePlace::PrivatePlace() : thread_([this] { serve(); }) {
  try {
    run(leave_mounts);
  } catch (...) {
    {
      const std::lock_guard lock(mutex_);
      ended_ = true;
    }
    changed_.notify_all();
    thread_.join();
    throw;
  }
}

PrivatePlace::~PrivatePlace() {
  {
    const std::lock_guard lock(mutex_);
    ended_ = true;
  }
  changed_.notify_all();
  thread_.join();
}

void PrivatePlace::run(const std::function<void()>& work) {
  std::unique_lock lock(mutex_);
  work_ = &work;
  failure_ = nullptr;
  changed_.notify_all();
  changed_.wait(lock, [this] { return work_ == nullptr; });
  if (failure_) std::rethrow_exception(std::exchange(failure_, nullptr));
}

void PrivatePlace::serve() {
  std::unique_lock lock(mutex_);
  for (;;) {
    changed_.wait(lock, [this] { return work_ != nullptr || ended_; });
    if (work_ == nullptr) return;
    try {
      (*work_)();
    } catch (...) {
      failure_ = std::current_exception();
    }
    work_ = nullptr;
    changed_.notify_all();
  }
}

}  // namespace pysandbox::oci
