#include "docker/graveyard.hpp"

#include <pysandbox/error.hpp>

namespace pysandbox::docker {
namespace {

constexpr std::size_t many = 16;
constexpr std::chrono::milliseconds pause{500};  // before an engine that is gone is asked again

}  // namespace

Graveyard::Graveyard(EngineClient& client)
    : client_(client), thread_([this](const std::stop_token& stop) { work(stop); }) {}

Graveyard::~Graveyard() { close(); }

bool Graveyard::close() {
  thread_.request_stop();
  if (thread_.joinable()) thread_.join();
  const std::lock_guard lock(mutex_);
  return waiting_.empty();
}

void Graveyard::bury(const std::string& container) noexcept {
  try {
    {
      const std::lock_guard lock(mutex_);
      if (waiting_.size() < many) {
        waiting_.push_back(container);
        changed_.notify_all();
        return;
      }
    }
    if (remove(container)) return;
    const std::lock_guard lock(mutex_);
    waiting_.push_back(container);
  } catch (const std::bad_alloc&) {
    // Its label tells the next runner.
  }
}

bool Graveyard::remove(const std::string& container) noexcept {
  try {
    const Answer answer = client_.remove("/containers/" + container + "?force=true&v=true");
    // 404: it is gone. 409: somebody removes it already.
    return answer.ok() || answer.status == 404 || answer.status == 409;
  } catch (const std::exception&) {
    return false;
  }
}

void Graveyard::work(const std::stop_token& stop) {
  std::unique_lock lock(mutex_);
  while (changed_.wait(lock, stop, [&] { return !waiting_.empty(); }) || !waiting_.empty()) {
    const std::string container = waiting_.front();
    waiting_.pop_front();
    lock.unlock();
    const bool removed = remove(container);
    lock.lock();
    if (removed) continue;
    waiting_.push_back(container);
    if (stop.stop_requested()) return;
    changed_.wait_for(lock, stop, pause, [] { return false; });
  }
}

}  // namespace pysandbox::docker
