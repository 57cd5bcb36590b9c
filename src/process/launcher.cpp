#include "process/launcher.hpp"

#include <fcntl.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <optional>

#include <pysandbox/error.hpp>

#include "support/syscall.hpp"
#include "support/unique_fd.hpp"

namespace pysandbox {
namespace {

using Clock = std::chrono::steady_clock;
using Kind = HostProgramEnd::Kind;

struct Pipe {
  UniqueFd read_end;
  UniqueFd write_end;
};

Pipe make_pipe() {
  int ends[2];
  check(::pipe2(ends, O_CLOEXEC), "making a pipe for the output of a program");
  return {UniqueFd(ends[0]), UniqueFd(ends[1])};
}

// Wakes poll(2) when a stop is asked for.
class StopEvent {
 public:
  explicit StopEvent(const std::stop_token& stop)
      : event_(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)), callback_(stop, Wake{event_.get()}) {
    check(event_.get(), "making an event for stopping");
  }

  int fd() const noexcept { return event_.get(); }

 private:
  struct Wake {
    int event;
    void operator()() const noexcept {
      const std::uint64_t one = 1;
      [[maybe_unused]] const auto written = ::write(event, &one, sizeof one);
    }
  };

  UniqueFd event_;
  std::stop_callback<Wake> callback_;
};

class Output {
 public:
  Output(std::size_t most, const OnLine& on_line) : most_(most), on_line_(on_line) {}

  // False if it is more than is kept.
  bool add(std::string_view piece) {
    text_.append(piece.substr(0, most_ - text_.size()));
    for (std::size_t end; on_line_ && (end = text_.find('\n', told_)) != std::string::npos; told_ = end + 1) {
      on_line_(std::string_view(text_).substr(told_, end - told_));
    }
    return text_.size() < most_;
  }

  std::string take() { return std::move(text_); }

 private:
  std::size_t most_;
  const OnLine& on_line_;
  std::string text_;
  std::size_t told_ = 0;  // where the first line begins that nobody heard yet
};

// One read; false at the end of the output.
bool read_some(int fd, Output& output, bool& fits) {
  char buffer[16384];
  ssize_t count;
  do {
    count = ::read(fd, buffer, sizeof buffer);
  } while (count < 0 && errno == EINTR);
  if (check(count, "reading the output of a program") == 0) return false;
  fits = output.add({buffer, static_cast<std::size_t>(count)});
  return fits;
}

// Until the program has ended, or something that ends it. What it left running may hold its output open for ever.
std::optional<Kind> follow(const HostProcess& leader, int fd, Output& output, Clock::time_point deadline,
                           const std::stop_token& stop) {
  const StopEvent stop_event(stop);
  for (bool fits = true, open = true;;) {
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(deadline - Clock::now()).count();
    if (left <= 0) return Kind::timed_out;
    pollfd entries[3] = {{open ? fd : -1, POLLIN, 0}, {leader.pidfd(), POLLIN, 0}, {stop_event.fd(), POLLIN, 0}};
    if (::poll(entries, 3, static_cast<int>(std::min<long>(left, 60'000))) < 0 && errno != EINTR) {
      check(-1, "waiting for the output of a program");
    }
    if (stop.stop_requested()) return Kind::stopped;
    if (entries[0].revents != 0) {
      open = read_some(fd, output, fits);
      if (!fits) return Kind::too_much_output;
    } else if (entries[1].revents != 0) {
      return std::nullopt;
    }
  }
}

}  // namespace

HostProgramEnd HostLauncher::run(const HostProgram& program, const OnLine& on_line, std::stop_token stop) {
  Pipe pipe = make_pipe();
  HostProcess running(program, {.input = -1, .output = pipe.write_end.get(), .errors = pipe.write_end.get()});
  pipe.write_end.reset();

  Output output(program.most_output, on_line);
  const std::optional<Kind> ended_for =
      follow(running, pipe.read_end.get(), output, Clock::now() + program.timeout, stop);
  running.kill();
  HostProgramEnd end;
  const int native = running.wait();
  end.kind = ended_for.value_or(WIFSIGNALED(native) ? Kind::signaled : Kind::exited);
  end.status = WIFSIGNALED(native) ? WTERMSIG(native) : WEXITSTATUS(native);
  end.output = output.take();
  return end;
}

}  // namespace pysandbox
