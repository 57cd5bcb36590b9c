#include "process/host_process.hpp"

#include <fcntl.h>
#include <signal.h>
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

#include <cerrno>

#include <pysandbox/error.hpp>

#include "support/in_quotes.hpp"
#include "support/syscall.hpp"
#include "support/unique_fd.hpp"

namespace pysandbox {
namespace {

namespace process = boost::process::v2;

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

process::process start(boost::asio::io_context& context, const HostProgram& program, const HostStreams& streams) {
  const UniqueFd nothing(streams.input < 0 ? ::open("/dev/null", O_RDONLY | O_CLOEXEC) : -1);
  OnlyTheseVariables variables(program.environment);
  process::error_code failure;
  process::posix::default_launcher launch;
  process::process started =
      launch(context.get_executor(), failure, process::filesystem::path(program.path), program.arguments,
             process::process_stdio{{nothing ? nothing.get() : streams.input}, {streams.output}, {streams.errors}},
             variables, process::process_start_dir(program.directory.empty() ? "/" : program.directory), Hygiene{});
  if (failure) {
    throw Error(ErrorCode::unavailable, "The program " + in_quotes(program.path) + " cannot be started: " +
                                            failure.message() + "; see that it is there and can be run");
  }
  return started;
}

}  // namespace

struct HostProcess::Running {
  Running(const HostProgram& program, const HostStreams& streams)
      : process(start(context, program, streams)),
        session(process.id()),
        event(static_cast<int>(::syscall(SYS_pidfd_open, session, 0))) {}

  boost::asio::io_context context;  // of this one process: 1.81 hangs on one that others use
  process::process process;
  pid_t session;
  UniqueFd event;
  bool reaped = false;
};

HostProcess::HostProcess(const HostProgram& program, const HostStreams& streams)
    : running_(std::make_unique<Running>(program, streams)) {
  check(running_->event.get(), "watching a program");
}

HostProcess::~HostProcess() {
  kill();
  if (running_->reaped) return;
  process::error_code ignored;
  running_->process.wait(ignored);
}

int HostProcess::pidfd() const noexcept { return running_->event.get(); }

// Until its leader is reaped the number is its own.
void HostProcess::kill() noexcept {
  if (!running_->reaped) ::kill(-running_->session, SIGKILL);
}

int HostProcess::wait() {
  running_->process.wait();
  running_->reaped = true;
  return running_->process.native_exit_code();
}

}  // namespace pysandbox
