#include "container/init/reaper.hpp"

#include <poll.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <cstring>

#include "container/control_channel.hpp"
#include "container/init/step.hpp"
#include "container/launch_plan.hpp"

namespace pysandbox::container::init {
namespace {

// True once the program itself was among the dead.
bool reap(pid_t program, int& status) noexcept {
  bool ended = false;
  int one;
  for (pid_t dead; (dead = ::waitpid(-1, &one, WNOHANG)) > 0;) {
    // A traced child is also reported when it merely stops.
    if (dead != program || !(WIFEXITED(one) || WIFSIGNALED(one))) continue;
    status = one;
    ended = true;
  }
  return ended;
}

void obey(pid_t program) noexcept {
  Order order{};
  if (!receive(control_fd, order)) ::_exit(0);  // the host is gone: the kernel ends everything with us
  switch (order) {
    case Order::soft_stop:
      ::kill(program, SIGTERM);
      break;
    case Order::dump_stacks:
      ::kill(program, SIGABRT);
      break;
    case Order::kill_all:
      ::kill(-1, SIGKILL);
      break;
  }
}

int wait_for_end(pid_t program) noexcept {
  sigset_t child;
  ::sigemptyset(&child);
  ::sigaddset(&child, SIGCHLD);
  const int deaths = static_cast<int>(require(::signalfd(-1, &child, SFD_CLOEXEC | SFD_NONBLOCK)));
  pollfd entries[2] = {{deaths, POLLIN, 0}, {control_fd, POLLIN, 0}};
  for (int status = 0;;) {
    if (::poll(entries, 2, -1) < 0) continue;
    if (entries[1].revents != 0) obey(program);
    if (entries[0].revents == 0) continue;
    signalfd_siginfo news[8];
    while (::read(deaths, news, sizeof news) > 0) {
    }
    if (reap(program, status)) return status;
  }
}

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

std::uint64_t field(const char* text, const char* name) noexcept {
  const char* found = std::strstr(text, name);
  return found == nullptr ? 0 : std::strtoull(found + std::strlen(name), nullptr, 10);
}

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

}  // namespace

void bury(const Guest& guest, int accounting) noexcept {
  Report report{};
  report.event = Event::exited;
  report.wait_status = wait_for_end(guest.pid);
  report.leftovers = kill_leftovers();
  report.landlock_abi = guest.landlock_abi;
  add_accounting(report, accounting);
  send(control_fd, report);
  ::_exit(0);
}

}  // namespace pysandbox::container::init
