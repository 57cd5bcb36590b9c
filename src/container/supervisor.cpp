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

namespace pysandbox::container {
namespace {

using Clock = std::chrono::steady_clock;
using std::chrono::microseconds;
using std::chrono::milliseconds;

constexpr milliseconds dump_time{50};       // for faulthandler, after SIGABRT
constexpr milliseconds start_time{60'000};  // for whoever starts a container for us; it takes far less than a second
constexpr milliseconds burial_time{2'000};  // from the kill order until the init itself is killed

// One program's supervision: an event loop whose state is where the program stands on its way out.
class Watch {
 public:
  explicit Watch(Supervision& given)
      : s_(given),
        start_(Clock::now()),
        deadline_(start_ + (given.init.way() == Init::Way::channel ? given.limits.time_limit : start_time)),
        next_look_(start_ + given.meter.interval()) {}

  Observation run() {
    set_nonblocking();
    while (!ended_) {
      wait_for_events();
      keep_deadlines();
    }
    seen_.wall_time = std::chrono::duration_cast<microseconds>(end_.value_or(Clock::now()) - start_);
    // Held up beyond the limit, by a sink or a stopped host, we find that the init kept it for us.
    if (seen_.stop == StopReason::none && seen_.wall_time >= s_.limits.time_limit && was_killed()) {
      seen_.stop = StopReason::time;
    }
    // With its report all but the init are dead; nobody needs to wait until the kernel has taken its namespaces down.
    if (!seen_.report || s_.init.way() == Init::Way::streams) s_.init.reap();
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
                                   {s_.init.death(), POLLIN, 0},
                                   {phase_ == Phase::running ? s_.stop_event : -1, POLLIN, 0}}};
    if (::poll(entries.data(), entries.size(), milliseconds_to_wait()) < 0) return;
    if (entries[0].revents != 0) move_output(s_.streams.stdout_end, s_.output);
    if (entries[1].revents != 0) move_output(s_.streams.stderr_end, s_.errors);
    if (entries[4].revents != 0) stop(StopReason::cancelled);
    if (entries[2].revents != 0) hear_init();
    if (s_.init.way() == Init::Way::streams) hear_rest();
    if (entries[3].revents != 0 && !ended_) hear_last_words();
  }

  int milliseconds_to_wait() const {
    const auto until = std::min(deadline_, next_look_) - Clock::now();
    return static_cast<int>(std::max<std::int64_t>(0, std::chrono::ceil<milliseconds>(until).count()));
  }

  // Empties a stream up to a bound, so that a flood cannot keep us from the deadlines.
  void move_output(UniqueFd& from, const Receive& to) {
    for (int rounds = 0; from && rounds < 16; ++rounds) {
      const ssize_t count = ::read(from.get(), buffer_.data(), buffer_.size());
      if (count > 0) {
        to({buffer_.data(), static_cast<std::size_t>(count)});
      } else if (count == 0 || (errno != EAGAIN && errno != EINTR)) {
        from.reset();
      } else {
        return;
      }
    }
  }

  void hear_init() {
    Report report{};
    if (s_.init.hear(report)) return take(report);
    s_.init.kill();
    s_.init.reap();
    ended_ = true;
  }

  void take(const Report& report) {
    if (report.event == Event::failed) s_.init.refuse(report);
    if (report.event == Event::started) seen_.started = true;
    if (report.event == Event::ready) begin();
    if (report.event == Event::exited) end(report);
  }

  void begin() {
    if (phase_ != Phase::running) return;
    seen_.started = true;
    s_.init.order(Order::proceed);
    start_ = Clock::now();
    deadline_ = start_ + s_.limits.time_limit;
  }

  void end(const Report& report) {
    seen_.report = report;
    end_ = Clock::now();
    ended_ = s_.init.way() == Init::Way::channel;
    if (!ended_ && phase_ != Phase::init_killed) enter(Phase::killed, burial_time);
  }

  void hear_rest() {
    for (Report report{}; !ended_ && s_.init.hear_rest(report);) take(report);
  }

  // Its reports may have come between the look at the channel and the look at its death.
  void hear_last_words() {
    if (s_.init.way() == Init::Way::streams) drain();
    hear_rest();
    ended_ = true;
  }

  void keep_deadlines() {
    const auto now = Clock::now();
    if (!ended_ && now >= next_look_) {
      look();
      next_look_ = now + s_.meter.interval();
    }
    if (!ended_ && now >= deadline_) advance();
  }

  void look() {
    const Reading now = s_.meter.read();
    seen_.processes_peak = std::max(seen_.processes_peak, now.processes);
    seen_.memory_peak = std::max(seen_.memory_peak, now.memory_bytes);
    if (now.out_of_memory) stop(StopReason::memory);
    judge_cpu(now.cpu_time);
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
        return seen_.started || s_.init.way() == Init::Way::channel ? stop(StopReason::time) : kill_all();
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

  void drain(UniqueFd& from, const Receive& to) {
    if (!from) return;
    for (ssize_t count; (count = ::read(from.get(), buffer_.data(), buffer_.size())) > 0 || errno == EINTR;) {
      if (count > 0) to({buffer_.data(), static_cast<std::size_t>(count)});
      errno = 0;
    }
    from.reset();
  }

  Supervision& s_;
  Clock::time_point start_;
  std::optional<Clock::time_point> end_;  // of the program, if it was told
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
