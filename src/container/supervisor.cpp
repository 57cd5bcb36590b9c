#include "container/supervisor.hpp"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <thread>

#include "container/control_channel.hpp"
#include "container/process_tree.hpp"
#include "support/syscall.hpp"

namespace pysandbox::container {
namespace {

using Clock = std::chrono::steady_clock;
using std::chrono::microseconds;
using std::chrono::milliseconds;

constexpr milliseconds look_interval{100};  // at counters that raise no event
constexpr milliseconds watch_interval{20};  // without a cgroup nothing else stops a hog
constexpr milliseconds dump_time{50};       // for faulthandler, after SIGABRT
constexpr milliseconds burial_time{2'000};  // from the kill order until the init itself is killed

// One program's supervision: an event loop whose state is where the program stands on its way out.
class Watch {
 public:
  explicit Watch(Supervision& given)
      : s_(given),
        tree_(given.init.pid()),
        start_(Clock::now()),
        deadline_(start_ + given.limits.time_limit),
        next_look_(start_ + (given.cgroup != nullptr ? look_interval : watch_interval)) {}

  Observation run() {
    set_nonblocking();
    while (!ended_) {
      wait_for_events();
      keep_deadlines();
    }
    seen_.wall_time = std::chrono::duration_cast<microseconds>(Clock::now() - start_);
    // Held up beyond the limit, by a sink or a stopped host, we find that the init kept it for us.
    if (seen_.stop == StopReason::none && seen_.wall_time >= s_.limits.time_limit && was_killed()) {
      seen_.stop = StopReason::time;
    }
    // With its report all but the init are dead; nobody needs to wait until the kernel has taken its namespaces down.
    if (!seen_.report) s_.init.reap();
    drain();
    return std::move(seen_);
  }

 private:
  enum class Phase { running, asked_to_stop, dumping, killed, init_killed };

  bool was_killed() const {
    return seen_.report && WIFSIGNALED(seen_.report->wait_status) && WTERMSIG(seen_.report->wait_status) == SIGKILL;
  }

  void set_nonblocking() {
    for (const auto* fd : {&s_.streams.stdout_end, &s_.streams.stderr_end}) ::fcntl(fd->get(), F_SETFL, O_NONBLOCK);
  }

  void wait_for_events() {
    std::array<pollfd, 5> entries{{{s_.streams.stdout_end.get(), POLLIN, 0},
                                   {s_.streams.stderr_end.get(), POLLIN, 0},
                                   {s_.init.channel(), POLLIN, 0},
                                   {s_.init.pidfd(), POLLIN, 0},
                                   {phase_ == Phase::running ? s_.stop_event : -1, POLLIN, 0}}};
    if (::poll(entries.data(), entries.size(), milliseconds_to_wait()) < 0) return;
    if (entries[0].revents != 0) move_output(s_.streams.stdout_end, s_.output);
    if (entries[1].revents != 0) move_output(s_.streams.stderr_end, s_.errors);
    if (entries[4].revents != 0) stop(StopReason::cancelled);
    if (entries[2].revents != 0) hear_init();
    if (entries[3].revents != 0 && !ended_) hear_last_words();
  }

  int milliseconds_to_wait() const {
    const auto until = std::min(deadline_, next_look_) - Clock::now();
    return static_cast<int>(std::max<std::int64_t>(0, std::chrono::ceil<milliseconds>(until).count()));
  }

  // Empties a stream up to a bound, so that a flood cannot keep us from the deadlines.
  void move_output(UniqueFd& from, CappedOutput& to) {
    for (int rounds = 0; from && rounds < 16; ++rounds) {
      const ssize_t count = ::read(from.get(), buffer_.data(), buffer_.size());
      if (count > 0) {
        to.add({buffer_.data(), static_cast<std::size_t>(count)});
      } else if (count == 0 || (errno != EAGAIN && errno != EINTR)) {
        from.reset();
      } else {
        return;
      }
    }
  }

  void hear_init() {
    Report report{};
    if (!receive(s_.init.channel(), report)) {
      s_.init.kill();
      s_.init.reap();
      ended_ = true;
      return;
    }
    if (report.event == Event::failed) throw_step_failed(report);
    if (report.event == Event::started) seen_.started = true;
    if (report.event == Event::exited) {
      seen_.report = report;
      ended_ = true;
    }
  }

  // Its reports may have come between the look at the channel and the look at its death.
  void hear_last_words() {
    for (Report report{}; receive(s_.init.channel(), report, {}, 0);) {
      if (report.event == Event::started) seen_.started = true;
      if (report.event == Event::exited) seen_.report = report;
    }
    ended_ = true;
  }

  void keep_deadlines() {
    const auto now = Clock::now();
    if (!ended_ && now >= next_look_) {
      look();
      next_look_ = now + (s_.cgroup != nullptr ? look_interval : watch_interval);
    }
    if (!ended_ && now >= deadline_) advance();
  }

  void look() {
    if (s_.cgroup != nullptr) {
      seen_.processes_peak = std::max(seen_.processes_peak, s_.cgroup->processes_now());
      // v1 kills one process; a job without one of its processes is of no use to anybody.
      if (s_.cgroup->oom_kills() > 0) stop(StopReason::memory);
      judge_cpu(s_.cgroup->cpu_time());
    } else {
      const TreeUse use = tree_.measure();
      seen_.processes_peak = std::max(seen_.processes_peak, use.processes);
      seen_.memory_peak = std::max(seen_.memory_peak, use.memory_bytes);
      if (use.memory_bytes > s_.limits.memory_bytes) stop(StopReason::memory);
      judge_cpu(use.cpu_time);
    }
  }

  void judge_cpu(microseconds used) {
    if (used < s_.limits.cpu_time_limit || phase_ != Phase::running) return;
    seen_.cpu_observed = used;
    stop(StopReason::cpu);
  }

  // Time limits are announced, so that the program can flush; the rest is not.
  void stop(StopReason reason) {
    if (phase_ != Phase::running) return;
    seen_.stop = reason;
    const bool soft = reason == StopReason::time || reason == StopReason::cpu;
    if (soft && s_.limits.grace_period.count() > 0) {
      s_.init.order(Order::soft_stop);
      enter(Phase::asked_to_stop, s_.limits.grace_period);
    } else {
      kill_all();
    }
  }

  void advance() {
    switch (phase_) {
      case Phase::running:
        return stop(StopReason::time);
      case Phase::asked_to_stop:
        s_.init.order(Order::dump_stacks);
        return enter(Phase::dumping, dump_time);
      case Phase::dumping:
        return kill_all();
      case Phase::killed:
        s_.init.kill();
        return enter(Phase::init_killed, std::chrono::hours(24));
      case Phase::init_killed:
        return;
    }
  }

  void kill_all() {
    s_.init.order(Order::kill_all);
    enter(Phase::killed, burial_time);
  }

  void enter(Phase phase, milliseconds at_most) {
    phase_ = phase;
    deadline_ = Clock::now() + at_most;
  }

  // All writers are dead: what a pipe holds now is all there is.
  void drain() {
    drain(s_.streams.stdout_end, s_.output);
    drain(s_.streams.stderr_end, s_.errors);
  }

  void drain(UniqueFd& from, CappedOutput& to) {
    if (!from) return;
    for (ssize_t count; (count = ::read(from.get(), buffer_.data(), buffer_.size())) > 0 || errno == EINTR;) {
      if (count > 0) to.add({buffer_.data(), static_cast<std::size_t>(count)});
      errno = 0;
    }
    from.reset();
  }

  Supervision& s_;
  ProcessTree tree_;
  Clock::time_point start_;
  Clock::time_point deadline_;
  Clock::time_point next_look_;
  Phase phase_ = Phase::running;
  bool ended_ = false;
  Observation seen_;
  std::array<char, 65536> buffer_;
};

}  // namespace

Observation supervise(Supervision supervision) { return Watch(supervision).run(); }

}  // namespace pysandbox::container
