#include "stop_signals.hpp"

#include <poll.h>
#include <signal.h>
#include <sys/eventfd.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include <cstdint>

#include "exit_code.hpp"

namespace pysandbox::cli {

StopSignals::StopSignals() {
  sigset_t set;
  ::sigemptyset(&set);
  for (const int signal : {SIGINT, SIGTERM, SIGHUP}) ::sigaddset(&set, signal);
  ::pthread_sigmask(SIG_BLOCK, &set, nullptr);
  signals_ = ::signalfd(-1, &set, SFD_CLOEXEC);
  done_ = ::eventfd(0, EFD_CLOEXEC);
  listener_ = std::thread([this] { listen(); });
}

StopSignals::~StopSignals() {
  const std::uint64_t one = 1;
  [[maybe_unused]] const auto written = ::write(done_, &one, sizeof one);
  listener_.join();
  ::close(signals_);
  ::close(done_);
}

void StopSignals::listen() {
  for (bool asked = false;;) {
    pollfd entries[2] = {{signals_, POLLIN, 0}, {done_, POLLIN, 0}};
    if (::poll(entries, 2, -1) < 0) continue;
    if (entries[1].revents != 0) return;
    signalfd_siginfo info{};
    if (::read(signals_, &info, sizeof info) != static_cast<ssize_t>(sizeof info)) continue;
    // The container dies with our end of its channel, however we go.
    if (asked) ::_exit(exit_code_cancelled);
    asked = true;
    source_.request_stop();
  }
}

}  // namespace pysandbox::cli
