#include "job/group_commit.hpp"

#include <algorithm>
#include <condition_variable>
#include <exception>
#include <iterator>

namespace pysandbox {
namespace {

// So that the last of a group need not wait long for the first.
constexpr std::ptrdiff_t largest_group = 256;

}  // namespace

struct GroupCommit::Call {
  const SqlDatabase::Work& work;
  enum class State { waits, leads, done } state = State::waits;
  std::exception_ptr error{};
  std::condition_variable changed{};
};

void GroupCommit::change(const SqlDatabase::Work& work) {
  Call call{work};
  std::unique_lock lock(mutex_);
  waiting_.push_back(&call);
  if (is_led_) {
    call.changed.wait(lock, [&] { return call.state != Call::State::waits; });
  }
  if (call.state != Call::State::done) lead(lock);
  if (call.error) std::rethrow_exception(call.error);
}

// The caller's own call is among the first that wait.
void GroupCommit::lead(std::unique_lock<std::mutex>& lock) {
  is_led_ = true;
  const auto end = waiting_.begin() + std::min(std::ssize(waiting_), largest_group);
  const Group group(waiting_.begin(), end);
  waiting_.erase(waiting_.begin(), end);
  lock.unlock();
  commit(group);
  lock.lock();
  for (Call* call : group) {
    call->state = Call::State::done;
    call->changed.notify_one();
  }
  is_led_ = !waiting_.empty();
  if (!is_led_) return;
  waiting_.front()->state = Call::State::leads;
  waiting_.front()->changed.notify_one();
}

// If the work of one fails, each gets a commit of its own. If the database itself fails, all have failed: trying again
// for each of them would only let everybody wait.
void GroupCommit::commit(const Group& group) {
  if (!commit_together(group)) return;
  for (std::size_t index = 0; index < group.size(); ++index) {
    const auto rest = std::span(group).subspan(index);
    if (!commit_together(rest.first(1)) && rest.front()->error) {
      for (Call* call : rest) call->error = rest.front()->error;
      return;
    }
  }
}

// Sets the error of each. True if it was the work of one that failed.
bool GroupCommit::commit_together(std::span<Call* const> calls) {
  bool is_at_work = false;
  std::exception_ptr error;
  try {
    database_.change([&](SqlSession& session) {
      is_at_work = true;
      for (const Call* call : calls) call->work(session);
      is_at_work = false;
    });
  } catch (...) {
    error = std::current_exception();
  }
  for (Call* call : calls) call->error = error;
  return is_at_work;
}

}  // namespace pysandbox
