#include "packages/process_launcher.hpp"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/eventfd.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#define BOOST_PROCESS_USE_STD_FS 1

// 1.81 forgets to include these.
#include <boost/optional/optional.hpp>
#include <boost/type_traits.hpp>

#include <boost/asio/io_context.hpp>
#include <boost/process/v2/posix/default_launcher.hpp>
#include <boost/process/v2/process.hpp>
#include <boost/process/v2/start_dir.hpp>
#include <boost/process/v2/stdio.hpp>

#include <algorithm>
#include <cerrno>
#include <optional>

#include <pysandbox/error.hpp>

#include "support/in_quotes.hpp"
#include "support/syscall.hpp"
#include "support/unique_fd.hpp"

namespace pysandbox::packages {
namespace {

namespace process = boost::process::v2;
using Clock = std::chrono::steady_clock;
using Kind = HostProgramEnd::Kind;

// Runs between fork and exec, so it may call nothing that is not async-signal-safe. Boost 1.81 leaves every descriptor
// open in the child (boostorg/process, pull request 360) and a zombie after an exec that fails.
struct Hygiene {
  template <typename Launcher>
  process::error_code on_exec_setup(Launcher&, const process::filesystem::path&, const char* const*) {
    sigset_t none;
    ::sigemptyset(&none);
    ::sigprocmask(SIG_SETMASK, &none, nullptr);
    ::signal(SIGPIPE, SIG_DFL);
    const bool done = ::setsid() >= 0 && ::prctl(PR_SET_PDEATHSIG, SIGKILL) == 0 &&
                      ::syscall(SYS_close_range, 3U, ~0U, 4U /* CLOSE_RANGE_CLOEXEC */) == 0;
    return done ? process::error_code() : process::error_code(errno, boost::system::system_category());
  }

  template <typename Launcher, typename... More>
  void on_error(Launcher& launcher, More&&...) {
    while (launcher.pid > 0 && ::waitpid(launcher.pid, nullptr, 0) < 0 && errno == EINTR) {
    }
  }
};

// Boost 1.81 declares its own and defines it nowhere.
class OnlyTheseVariables {
 public:
  explicit OnlyTheseVariables(const std::map<std::string, std::string>& variables) {
    for (const auto& [name, value] : variables) texts_.push_back(name + "=" + value);
    for (const auto& text : texts_) pointers_.push_back(text.c_str());
    pointers_.push_back(nullptr);
  }

  template <typename Launcher>
  process::error_code on_setup(Launcher& launcher, const process::filesystem::path&, const char* const*) {
    launcher.env = pointers_.data();
    return {};
  }

 private:
  std::vector<std::string> texts_;
  std::vector<const char*> pointers_;
};

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

process::process start(boost::asio::io_context& context, const HostProgram& program, int output) {
  OnlyTheseVariables variables(program.environment);
  process::error_code failure;
  process::posix::default_launcher launch;
  process::process started =
      launch(context.get_executor(), failure, process::filesystem::path(program.path), program.arguments,
             process::process_stdio{{nullptr}, {output}, {output}}, variables,
             process::process_start_dir(program.directory.empty() ? "/" : program.directory), Hygiene{});
  if (failure) {
    throw Error(ErrorCode::unavailable, "The program " + in_quotes(program.path) + " cannot be started: " +
                                            failure.message() + "; see that it is there and can be run");
  }
  return started;
}

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
std::optional<Kind> follow(pid_t leader, int fd, Output& output, Clock::time_point deadline,
                           const std::stop_token& stop) {
  const StopEvent stop_event(stop);
  const UniqueFd leader_event(static_cast<int>(::syscall(SYS_pidfd_open, leader, 0)));
  check(leader_event.get(), "watching a program");
  for (bool fits = true, open = true;;) {
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(deadline - Clock::now()).count();
    if (left <= 0) return Kind::timed_out;
    pollfd entries[3] = {{open ? fd : -1, POLLIN, 0}, {leader_event.get(), POLLIN, 0}, {stop_event.fd(), POLLIN, 0}};
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
  boost::asio::io_context context;  // of this one process: 1.81 hangs on one that others use
  Pipe pipe = make_pipe();
  process::process running = start(context, program, pipe.write_end.get());
  const pid_t session = running.id();
  pipe.write_end.reset();

  Output output(program.most_output, on_line);
  std::optional<Kind> ended_for;
  try {
    ended_for = follow(session, pipe.read_end.get(), output, Clock::now() + program.timeout, stop);
  } catch (...) {
    ::kill(-session, SIGKILL);
    running.wait();
    throw;
  }
  ::kill(-session, SIGKILL);  // its leader is not reaped yet, so the number is still its own
  HostProgramEnd end;
  running.wait();
  const int native = running.native_exit_code();
  end.kind = ended_for.value_or(WIFSIGNALED(native) ? Kind::signaled : Kind::exited);
  end.status = WIFSIGNALED(native) ? WTERMSIG(native) : WEXITSTATUS(native);
  end.output = output.take();
  return end;
}

}  // namespace pysandbox::packages
