// A thread with mounts of its own: what it mounts, and what it starts sees, nobody else does, and the kernel takes it
// away with the last of them, however they die.
#pragma once

#include <condition_variable>
#include <exception>
#include <functional>
#include <mutex>
#include <thread>

namespace pysandbox::oci {

class PrivatePlace {
 public:
  // Throws Error{sandbox_unavailable} if this process may not have one.
  PrivatePlace();
  ~PrivatePlace();

  PrivatePlace(const PrivatePlace&) = delete;
  PrivatePlace& operator=(const PrivatePlace&) = delete;

  // Runs `work` there and waits for it; what it throws, this throws. Programs that it starts die with this object at
  // the latest.
  void run(const std::function<void()>& work);

 private:
  void serve();

  std::mutex mutex_;
  std::condition_variable changed_;
  const std::function<void()>* work_ = nullptr;
  std::exception_ptr failure_;
  bool ended_ = false;
  std::thread thread_;  // the last member: it uses the others
};

}  // namespace pysandbox::oci
