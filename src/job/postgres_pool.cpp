#include "job/postgres_pool.hpp"

#include <chrono>
#include <utility>

#include <pysandbox/error.hpp>

namespace pysandbox {
namespace {

constexpr std::chrono::seconds longest_wait{15};

}  // namespace

PostgresPool::Lease::~Lease() {
  const std::lock_guard lock(pool_.mutex_);
  ++pool_.free_;
  if (is_kept_) pool_.idle_.push_back(std::move(connection_));
  pool_.given_back_.notify_one();
}

PostgresPool::Lease PostgresPool::take() {
  std::unique_lock lock(mutex_);
  if (!given_back_.wait_for(lock, longest_wait, [&] { return free_ > 0; })) {
    throw Error(ErrorCode::unavailable,
                "all connections to the job database are busy; see what holds the server up, or allow more of them");
  }
  --free_;
  if (!idle_.empty()) {
    auto connection = std::move(idle_.back());
    idle_.pop_back();
    return Lease(*this, std::move(connection), false);
  }
  lock.unlock();
  try {
    return Lease(*this, std::make_unique<PostgresConnection>(url_), true);
  } catch (...) {
    lock.lock();
    ++free_;
    given_back_.notify_one();
    throw;
  }
}

void PostgresPool::clear() {
  std::vector<std::unique_ptr<PostgresConnection>> closed;
  const std::lock_guard lock(mutex_);
  closed.swap(idle_);
}

}  // namespace pysandbox
