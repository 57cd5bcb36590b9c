#include "container/init/reaper.hpp"

#include <poll.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <optional>

#include "container/control_channel.hpp"
#include "container/init/step.hpp"
#include "container/launch_plan.hpp"

namespace pysandbox::container::init {

Dead reap(pid_t program) noexcept {
  Dead dead;
  int status;
  for (;;) {
    if (::waitpid(program, &status, WNOHANG) == program && (WIFEXITED(status) || WIFSIGNALED(status))) {
      dead.program_status = status;
      return dead;
    }
    const pid_t one = ::waitpid(-1, &status, WNOHANG);
    if (one <= 0) return dead;
    // A traced child is also reported when it merely stops.
    if (!(WIFEXITED(status) || WIFSIGNALED(status))) continue;
    if (one == program) {
      dead.program_status = status;
      return dead;
    }
    ++dead.others;
  }
}

void carry_out(Order order, pid_t program) noexcept {
  switch (order) {
    case Order::soft_stop:
      ::kill(program, SIGXCPU);
      break;
    case Order::dump_stacks:
      ::kill(program, SIGABRT);
      break;
    case Order::kill_all:
      ::kill(-1, SIGKILL);
      break;
    case Order::proceed:
      break;
  }
}

unsigned long long milliseconds_now() noexcept {
  timespec now{};
  ::clock_gettime(CLOCK_MONOTONIC, &now);
  return static_cast<unsigned long long>(now.tv_sec) * 1000 + static_cast<unsigned long long>(now.tv_nsec) / 1'000'000;
}

int milliseconds_until(unsigned long long deadline) noexcept {
  const unsigned long long now = milliseconds_now();
  return now >= deadline ? 0 : static_cast<int>(std::min<unsigned long long>(deadline - now, 1 << 30));
}

namespace {

void obey(pid_t program) noexcept {
  Order order{};
  if (!receive(control_fd, order)) ::_exit(0);  // the host is gone: the kernel ends everything with us
  carry_out(order, program);
}

Dead wait_for_end(pid_t program, const Watched& watched) noexcept {
  sigset_t child;
  ::sigemptyset(&child);
  ::sigaddset(&child, SIGCHLD);
  const int deaths = static_cast<int>(require(::signalfd(-1, &child, SFD_CLOEXEC | SFD_NONBLOCK)));
  pollfd entries[3] = {{deaths, POLLIN, 0}, {watched.control, POLLIN, 0}, {watched.host, POLLIN, 0}};
  const auto last_resort = milliseconds_now() + watched.last_resort_milliseconds;
  for (;;) {
    const int ready = ::poll(entries, 3, milliseconds_until(last_resort));
    if (ready == 0) ::kill(-1, SIGKILL);
    if (ready < 0) continue;
    if (entries[2].revents != 0) ::_exit(0);
    if (entries[1].revents != 0) obey(program);
    signalfd_siginfo news[8];
    while (::read(deaths, news, sizeof news) > 0) {
    }
    const Dead dead = reap(program);
    if (dead.program_status) return dead;
  }
}

}  // namespace

// One kill reaches all: the kernel lets no process fork that has a pending SIGKILL.
std::uint32_t kill_leftovers() noexcept {
  if (::kill(-1, SIGKILL) != 0) return 0;
  std::uint32_t count = 0;
  for (;;) {
    if (::waitpid(-1, nullptr, 0) > 0) {
      ++count;
    } else if (errno != EINTR) {
      return count;
    }
  }
}

namespace {

std::uint64_t field(const char* text, const char* name) noexcept {
  const char* found = std::strstr(text, name);
  return found == nullptr ? 0 : std::strtoull(found + std::strlen(name), nullptr, 10);
}

}  // namespace

void add_accounting(Report& report, int accounting) noexcept {
  rusage usage{};
  ::getrusage(RUSAGE_CHILDREN, &usage);
  report.user_microseconds = static_cast<std::uint64_t>(usage.ru_utime.tv_sec * 1'000'000 + usage.ru_utime.tv_usec);
  report.system_microseconds = static_cast<std::uint64_t>(usage.ru_stime.tv_sec * 1'000'000 + usage.ru_stime.tv_usec);
  report.peak_rss_bytes = static_cast<std::uint64_t>(usage.ru_maxrss) * 1024;
  char text[512];
  const ssize_t length = accounting < 0 ? -1 : ::pread(accounting, text, sizeof text - 1, 0);
  if (length <= 0) return;
  text[length] = '\0';
  report.read_bytes = field(text, "rchar: ");
  report.written_bytes = field(text, "wchar: ");
}

void bury(const Guest& guest, const Watched& watched) noexcept {
  Report report{};
  report.event = Event::exited;
  const Dead dead = wait_for_end(guest.pid, watched);
  report.wait_status = *dead.program_status;
  report.leftovers = dead.others + kill_leftovers();
  add_accounting(report, watched.accounting);
  send(watched.control, report);
  ::_exit(0);
}

}  // namespace pysandbox::container::init
