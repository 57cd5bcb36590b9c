#include "docker/watch.hpp"

#include <poll.h>
#include <signal.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <memory>
#include <optional>
#include <thread>
#include <utility>

#include <pysandbox/error.hpp>

#include "support/syscall.hpp"
#include "support/unique_fd.hpp"

namespace pysandbox::docker {
namespace {

using container::Observation;
using container::StopReason;
using Clock = std::chrono::steady_clock;
using std::chrono::microseconds;
using std::chrono::milliseconds;

constexpr milliseconds dump_time{50};         // for faulthandler, after SIGABRT
constexpr milliseconds burial_time{2'000};    // from the kill order until the engine is asked to kill
constexpr milliseconds engine_time{30'000};   // from then until the stream must have ended
constexpr milliseconds shortest_look{2'000};  // between two looks at the CPU time
constexpr milliseconds look_again{5'000};     // after one that failed

// Asks the engine, which takes its time (a second, in Docker 20.10), while the watch goes on.
class CpuLook {
 public:
  explicit CpuLook(EngineContainer& container) : event_(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)) {
    check(event_.get(), "making an event for a look at the CPU time");
    asking_ = std::jthread([this, &container] {
      used_ = container.cpu_time();
      const std::uint64_t one = 1;
      [[maybe_unused]] const auto written = ::write(event_.get(), &one, sizeof one);
    });
  }

  int event() const noexcept { return event_.get(); }  // readable: used() may be asked

  // Nothing if the engine did not tell.
  std::optional<microseconds> used() const { return used_; }

 private:
  UniqueFd event_;
  std::optional<microseconds> used_{};
  std::jthread asking_;  // the last: it ends first
};

class Watch {
 public:
  explicit Watch(Watched& given)
      : w_(given),
        start_(Clock::now()),
        deadline_(start_ + given.limits.time_limit),
        next_look_(after(microseconds(0))) {}

  Observation run() {
    while (w_.stream.ending() == nullptr && open_) {
      wait_for_events();
      keep_deadlines();
    }
    seen_.wall_time = std::chrono::duration_cast<microseconds>(Clock::now() - start_);
    if (w_.stream.ending() != nullptr) {
      take(*w_.stream.ending());
    } else {
      find_out();
    }
    return std::move(seen_);
  }

 private:
  enum class Phase { running, asked_to_stop, dumping, killed, killed_by_engine };

  void wait_for_events() {
    std::array<pollfd, 3> entries{{{w_.stream.socket(), POLLIN, 0},
                                   {phase_ == Phase::running ? w_.stop_event : -1, POLLIN, 0},
                                   {look_ ? look_->event() : -1, POLLIN, 0}}};
    if (::poll(entries.data(), entries.size(), milliseconds_to_wait()) < 0) return;
    if (entries[1].revents != 0) stop(StopReason::cancelled);
    if (entries[2].revents != 0) judge(*std::exchange(look_, nullptr));
    open_ = w_.stream.move();
  }

  int milliseconds_to_wait() const {
    const auto until = std::min(deadline_, next_look_) - Clock::now();
    const auto count = std::chrono::ceil<milliseconds>(until).count();
    return static_cast<int>(std::clamp<std::int64_t>(count, 0, 60'000));
  }

  void keep_deadlines() {
    if (w_.stream.ending() != nullptr || !open_) return;
    if (phase_ == Phase::running && Clock::now() >= next_look_) {
      look_ = std::make_unique<CpuLook>(w_.container);
      next_look_ = Clock::time_point::max();
    }
    if (Clock::now() >= deadline_) advance();
  }

  // The keeper looks often and ends a program that has used its time; this is for one that got hold of its keeper. All
  // processes together use at most `cpus` seconds in a second: before the rest of the limit can be used up there is
  // nothing to see, and the engine is not asked.
  Clock::time_point after(microseconds used) const {
    const auto rest = std::chrono::duration<double>(w_.limits.cpu_time_limit - used) / w_.limits.cpus;
    return Clock::now() + shortest_look +
           std::max<microseconds>(w_.limits.grace_period, std::chrono::duration_cast<microseconds>(rest));
  }

  void judge(const CpuLook& look) {
    if (phase_ != Phase::running) return;
    const auto used = look.used();
    next_look_ = used ? after(*used) : Clock::now() + look_again;
    if (!used || *used < w_.limits.cpu_time_limit + w_.limits.grace_period) return;
    seen_.cpu_observed = *used;
    stop(StopReason::cpu);
  }

  // Time limits are announced, so that the program can flush; the rest is not.
  void stop(StopReason reason) {
    if (phase_ != Phase::running) return;
    seen_.stop = reason;
    next_look_ = Clock::time_point::max();
    const bool soft = reason == StopReason::time || reason == StopReason::cpu;
    if (!soft || w_.limits.grace_period.count() == 0) return kill_all();
    order(soft_stop_order);
    enter(Phase::asked_to_stop, w_.limits.grace_period);
  }

  void advance() {
    switch (phase_) {
      case Phase::running:
        return stop(StopReason::time);
      case Phase::asked_to_stop:
        order(dump_stacks_order);
        return enter(Phase::dumping, dump_time);
      case Phase::dumping:
        return kill_all();
      case Phase::killed:
        w_.container.kill();
        return enter(Phase::killed_by_engine, engine_time);
      case Phase::killed_by_engine:
        throw Error(ErrorCode::unavailable,
                    "the Docker engine does not end a container that it was told to kill; look at its log");
    }
  }

  void kill_all() {
    order(kill_order);
    enter(Phase::killed, burial_time);
  }

  // A stream that takes no order ends at once, which is told by move().
  void order(std::string_view word) {
    try {
      w_.stream.send(word);
    } catch (const Error&) {
    }
  }

  void enter(Phase phase, milliseconds at_most) {
    phase_ = phase;
    deadline_ = Clock::now() + at_most;
  }

  void take(const Ending& ending) {
    if (ending.start_error != 0) return;
    container::Report report{};
    report.event = container::Event::exited;
    report.wait_status = ending.wait_status;
    report.leftovers = ending.leftovers;
    report.user_microseconds = ending.user_microseconds.value_or(0);
    report.system_microseconds = ending.system_microseconds.value_or(0);
    report.read_bytes = ending.read_bytes;
    report.written_bytes = ending.written_bytes;
    seen_.report = report;
    seen_.processes_peak = ending.processes_peak;
    seen_.memory_peak = ending.memory_peak_bytes.value_or(0);
    if (seen_.stop == StopReason::none && ending.out_of_memory) seen_.stop = StopReason::memory;
    if (seen_.stop == StopReason::none && ending.cpu_observed.count() > 0) {
      seen_.stop = StopReason::cpu;
      seen_.cpu_observed = ending.cpu_observed;
    }
    if (seen_.stop == StopReason::none && seen_.wall_time >= w_.limits.time_limit && ending.wait_status == SIGKILL) {
      seen_.stop = StopReason::time;  // held up beyond the limit, we find that the keeper kept it for us
    }
  }

  // The stream ended without a word: by us, for want of memory, or from outside.
  void find_out() {
    const ContainerEnd end = w_.container.wait_for_end();
    if (end.out_of_memory && seen_.stop == StopReason::none) seen_.stop = StopReason::memory;
    if (seen_.stop != StopReason::none) return;
    throw Error(ErrorCode::unavailable,
                "the container was ended from outside while its program ran: the Docker engine was restarted, or "
                "somebody removed it; try again");
  }

  Watched& w_;
  Clock::time_point start_;
  Clock::time_point deadline_;
  Clock::time_point next_look_;
  Phase phase_ = Phase::running;
  bool open_ = true;
  std::unique_ptr<CpuLook> look_{};  // null: none is under way
  Observation seen_{};
};

}  // namespace

Observation watch(Watched watched) { return Watch(watched).run(); }

}  // namespace pysandbox::docker
