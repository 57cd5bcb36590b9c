#include "job/group_commit.hpp"

#include <algorithm>
#include <atomic>
#include <exception>
#include <iterator>
#include <utility>

#include <pysandbox/error.hpp>

#include "support/failpoint.hpp"

namespace pysandbox {
namespace {

// So that the last of a group need not wait long for the first.
constexpr std::ptrdiff_t largest_group = 256;

// One for each caller: they look at it, and let it go, at the same time.
std::exception_ptr copy_of(const std::exception_ptr& error) {
  try {
    if (error) std::rethrow_exception(error);
    return nullptr;
  } catch (const Error& ours) {
    return std::make_exception_ptr(Error(ours.code(), ours.what()));
  } catch (...) {
    return error;
  }
}

}  // namespace

struct GroupCommit::Call {
  Call(const Work& w, std::string_view t) : work(w), turn(t) {}

  enum class State { waits, leads, done };

  // Without the mutex, else those who wake would only wait for it. That is why a group keeps its calls alive.
  void become(State next) {
    state = next;
    state.notify_one();
  }

  const Work& work;
  const std::string_view turn;
  std::exception_ptr error;
  std::atomic<State> state = State::waits;
};

void GroupCommit::change(const Work& work, std::string_view turn) {
  const auto call = std::make_shared<Call>(work, turn);
  bool is_leader = false;
  {
    const std::lock_guard lock(mutex_);
    waiting_.push_back(call);
    is_leader = !std::exchange(is_led_, true);
  }
  if (!is_leader) call->state.wait(Call::State::waits);
  if (call->state != Call::State::done) lead();
  // Taken out of the call, which whoever leads may be the last to let go.
  if (call->error) std::rethrow_exception(std::exchange(call->error, nullptr));
}

// The caller's own call is the first that waits.
void GroupCommit::lead() {
  Group group;
  {
    const std::lock_guard lock(mutex_);
    const auto end = waiting_.begin() + std::min(std::ssize(waiting_), largest_group);
    group.assign(waiting_.begin(), end);
    waiting_.erase(waiting_.begin(), end);
  }
  std::stable_sort(group.begin(), group.end(), [](const auto& left, const auto& right) {
    return std::pair(left->turn.empty(), left->turn) < std::pair(right->turn.empty(), right->turn);
  });
  commit(group);
  std::shared_ptr<Call> next;
  {
    const std::lock_guard lock(mutex_);
    is_led_ = !waiting_.empty();
    if (is_led_) next = waiting_.front();
  }
  if (next) next->become(Call::State::leads);
  for (const auto& call : group) call->become(Call::State::done);
}

// If the work of one fails, each gets a commit of its own. If the database itself fails, all have failed: trying again
// for each of them would only let everybody wait.
void GroupCommit::commit(const Group& group) {
  if (!commit_together(group)) return;
  for (std::size_t index = 0; index < group.size(); ++index) {
    const auto rest = std::span(group).subspan(index);
    if (!commit_together(rest.first(1)) && rest.front()->error) {
      for (const auto& call : rest) call->error = copy_of(rest.front()->error);
      return;
    }
  }
}

// Sets the error of each. True if it was the work of one that failed.
bool GroupCommit::commit_together(std::span<const std::shared_ptr<Call>> calls) {
  bool is_at_work = false;
  std::exception_ptr error;
  try {
    database_.change([&](SqlSession& session) {
      is_at_work = true;
      SqlJobs jobs(session, options_);
      for (const auto& call : calls) call->work(jobs);
      jobs.flush();
      is_at_work = false;
      failpoint("before_commit");
    });
    failpoint("after_commit");
  } catch (...) {
    error = std::current_exception();
  }
  for (const auto& call : calls) call->error = copy_of(error);
  return is_at_work;
}

}  // namespace pysandbox
