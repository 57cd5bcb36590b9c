#include "container/init/zygote_keeper.hpp"

#include <fcntl.h>
#include <linux/capability.h>
#include <linux/close_range.h>
#include <poll.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstdint>
#include <cstdio>

#include "container/control_channel.hpp"
#include "container/init/privileges.hpp"
#include "container/init/seccomp.hpp"
#include "container/init/step.hpp"
#include "container/launch_plan.hpp"

namespace pysandbox::container::init {
namespace {

constexpr std::uint32_t mapping_capabilities = 1u << CAP_SETUID | 1u << CAP_SETGID;

// In parked containers the interpreter is pid 2. Libraries that compare pids to notice a fork (OpenSSL's generator of
// random numbers is one) must notice this one.
void use_up_pid_2() noexcept {
  const pid_t pid = static_cast<pid_t>(require(::fork()));
  if (pid == 0) ::_exit(0);
  require(::waitpid(pid, nullptr, 0));
}

void place_descriptors(const int* files) noexcept {
  begin(Step::close_descriptors);
  const int orders = static_cast<int>(require(::fcntl(files[0], F_DUPFD, zygote_library_fd + 1)));
  const int library = static_cast<int>(require(::fcntl(files[1], F_DUPFD, zygote_library_fd + 1)));
  require(::dup2(orders, zygote_orders_fd));
  require(::dup2(library, zygote_library_fd));
  require(::close_range(zygote_library_fd + 1, ~0u, CLOSE_RANGE_CLOEXEC));
  require(::fcntl(control_fd, F_SETFD, FD_CLOEXEC));
}

// Not within a program's limits: what is forked from it must be able to have larger ones. But for the stack: all have
// the same, and the kernel and the C library look at it when an interpreter is started, and never again. And without
// Landlock, under which nobody can mount.
[[noreturn]] void become_zygote(const Received& program) noexcept {
  drop_last_capabilities();
  new_session();
  connect_streams(program.streams);
  place_descriptors(program.files + program.plan.cgroup_files);
  begin(Step::resource_limits);
  const rlimit none{0, 0};
  require(::setrlimit(RLIMIT_CORE, &none));
  limit_stack();
  load_zygote_seccomp();
  verify_zygote_seccomp();
  begin(Step::execute);
  ::execve(program.arguments[0], program.arguments, program.variables);
  fail(errno);
}

int write_map(const IdMap& map, const char* file) noexcept {
  char path[48];
  std::snprintf(path, sizeof path, "/proc/%d/%s", map.pid, file);
  char line[48];
  const int length = std::snprintf(line, sizeof line, "%u %u 1", guest_id, map.id);
  const int fd = ::open(path, O_WRONLY | O_CLOEXEC);
  if (fd < 0) return errno;
  const int error = ::write(fd, line, static_cast<std::size_t>(length)) == length ? 0 : errno;
  ::close(fd);
  return error;
}

void obey() noexcept {
  IdMap map{};
  if (!receive(control_fd, map)) ::_exit(0);  // the host is gone, or this zygote is needed no more
  Report report{};
  report.event = Event::mapped;
  report.step = Step::map_ids;
  report.error = write_map(map, "uid_map");
  if (report.error == 0) report.error = write_map(map, "gid_map");
  send(control_fd, report);
}

}  // namespace

void keep_zygote(const Received& program, int host) noexcept {
  keep_capabilities(mapping_capabilities);
  begin(Step::execute);
  use_up_pid_2();
  block_deaths();
  if (require(::fork()) == 0) become_zygote(program);
  for (const int stream : program.streams) ::close(stream);
  for (std::uint32_t i = 0; i < program.plan.zygote_files; ++i) ::close(program.files[program.plan.cgroup_files + i]);

  sigset_t child;
  ::sigemptyset(&child);
  ::sigaddset(&child, SIGCHLD);
  const int deaths = static_cast<int>(require(::signalfd(-1, &child, SFD_CLOEXEC | SFD_NONBLOCK)));
  pollfd entries[3] = {{deaths, POLLIN, 0}, {control_fd, POLLIN, 0}, {host, POLLIN, 0}};
  for (;;) {
    if (::poll(entries, 3, -1) < 0) continue;
    if (entries[2].revents != 0) ::_exit(0);
    if (entries[1].revents != 0) obey();
    signalfd_siginfo news[8];
    while (::read(deaths, news, sizeof news) > 0) {
    }
    while (::waitpid(-1, nullptr, WNOHANG) > 0) {
    }
  }
}

}  // namespace pysandbox::container::init
