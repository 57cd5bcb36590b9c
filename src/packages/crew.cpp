#include "packages/crew.hpp"

#include <algorithm>
#include <thread>
#include <vector>

namespace pysandbox::packages {

void Crew::run(std::size_t pieces, std::size_t threads, const Work& work, const Work& on_begin) {
  std::vector<std::jthread> crew;
  running_ = std::min(pieces, threads);
  for (std::size_t i = running_; i > 0; --i) crew.emplace_back([&] { take_pieces(pieces, work); });
  std::unique_lock lock(mutex_);
  while (running_ > 0 || !begun_.empty()) {
    changed_.wait(lock, [this] { return running_ == 0 || !begun_.empty(); });
    while (!begun_.empty()) {
      const std::size_t index = begun_.front();
      begun_.pop_front();
      lock.unlock();
      if (on_begin) on_begin(index);
      lock.lock();
    }
  }
  if (failure_) std::rethrow_exception(failure_);
}

void Crew::take_pieces(std::size_t pieces, const Work& work) {
  std::unique_lock lock(mutex_);
  while (next_ < pieces && !failure_) {
    const std::size_t index = next_++;
    begun_.push_back(index);
    changed_.notify_all();
    lock.unlock();
    std::exception_ptr failure;
    try {
      work(index);
    } catch (...) {
      failure = std::current_exception();
    }
    lock.lock();
    if (failure && !failure_) failure_ = failure;
  }
  --running_;
  changed_.notify_all();
}

}  // namespace pysandbox::packages
