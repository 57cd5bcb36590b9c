// The library that a zygote's interpreter calls: forks parked containers from it. What is forked is pid 1 of a
// container of its own and builds it by the same recipe as pysandbox-init; its child is the parked interpreter.
//
// Nothing here allocates, and of the interpreter only its own functions around a fork are called.
#include <dirent.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <linux/close_range.h>
#include <linux/sched.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>

#include "container/control_channel.hpp"
#include "container/init/landlock.hpp"
#include "container/init/privileges.hpp"
#include "container/init/program.hpp"
#include "container/init/reaper.hpp"
#include "container/init/recipe.hpp"
#include "container/init/seccomp.hpp"
#include "container/init/step.hpp"
#include "container/init/working_set.hpp"
#include "container/init/workspace.hpp"
#include "container/launch_plan.hpp"

// Of the interpreter that loads this: docs.python.org/3/c-api/sys.html.
extern "C" void PyOS_BeforeFork();
extern "C" void PyOS_AfterFork_Parent();
extern "C" void PyOS_AfterFork_Child();

namespace pysandbox::container::init {
namespace {

constexpr std::uint64_t all_namespaces =
    CLONE_NEWUSER | CLONE_NEWNS | CLONE_NEWPID | CLONE_NEWNET | CLONE_NEWIPC | CLONE_NEWUTS;

constexpr unsigned scout_seconds = 10;
constexpr int job_fd = 4;    // in a parked interpreter: where its program comes from
constexpr int words_fd = 3;  // in an interpreter that has its program, until it has read it

// The number of entries, and the sum of their numbers, of a directory of numbers.
struct Numbers {
  int count = 0;
  int highest = 0;
};

Numbers numbers_in(const char* directory) noexcept {
  Numbers found;
  DIR* listing = ::opendir(directory);
  if (listing == nullptr) return {1 << 20, 1 << 20};
  while (const dirent* entry = ::readdir(listing)) {
    if (entry->d_name[0] == '.') continue;
    const int number = std::atoi(entry->d_name);
    if (number == ::dirfd(listing) && directory[11] == 'f') continue;  // of /proc/self/fd
    ++found.count;
    if (number > found.highest) found.highest = number;
  }
  ::closedir(listing);
  return found;
}

// Whether the kernel would share memory that can be written with what is forked. "sh" is shared and "mw" may be made
// writable, which the permissions of the moment do not tell: proc_pid_smaps(5).
bool shares_memory() noexcept {
  std::FILE* const maps = std::fopen("/proc/self/smaps", "re");
  if (maps == nullptr) return true;
  bool found = false;
  for (char line[512]; !found && std::fgets(line, sizeof line, maps) != nullptr;) {
    found = std::strncmp(line, "VmFlags:", 8) == 0 && std::strstr(line, " sh ") != nullptr &&
            std::strstr(line, " mw ") != nullptr;
  }
  std::fclose(maps);
  return found;
}

// A fork takes one thread along and leaves the locks of the others locked; and it takes along every descriptor, and
// what memory is shared stays shared.
ZygoteFlaw find_flaw() noexcept {
  if (numbers_in("/proc/self/task").count != 1) return ZygoteFlaw::threads;
  const Numbers descriptors = numbers_in("/proc/self/fd");  // 0, 1, 2 and the orders
  if (descriptors.count != 4 || descriptors.highest != zygote_orders_fd) return ZygoteFlaw::descriptors;
  if (::prctl(PR_GET_SECCOMP) != 2) return ZygoteFlaw::filter;
  if (shares_memory()) return ZygoteFlaw::shared_memory;
  return ZygoteFlaw::none;
}

// Its parent is the init of the zygote's container, who buries it: CLONE_PARENT.
long fork_container(int& pidfd) noexcept {
  clone_args arguments{};
  arguments.flags = all_namespaces | CLONE_PARENT | CLONE_PIDFD;
  arguments.pidfd = reinterpret_cast<std::uint64_t>(&pidfd);
  return ::syscall(SYS_clone3, &arguments, sizeof arguments);
}

struct SignalActions {
  struct sigaction all[NSIG];
};

void read_actions(SignalActions& actions) noexcept {
  for (int signal = 1; signal < NSIG; ++signal) ::sigaction(signal, nullptr, &actions.all[signal]);
}

void restore_actions(const SignalActions& actions) noexcept {
  for (int signal = 1; signal < NSIG; ++signal) {
    if (signal != SIGKILL && signal != SIGSTOP) ::sigaction(signal, &actions.all[signal], nullptr);
  }
}

// Nothing of the zygote's but its memory stays.
void keep_only_channel(int channel) noexcept {
  begin(Step::close_descriptors);
  if (channel != control_fd && ::dup3(channel, control_fd, O_CLOEXEC) < 0) ::_exit(111);
  require(::close_range(control_fd + 1, ~0u, 0));
  const int null = static_cast<int>(require(::open("/dev/null", O_RDWR | O_CLOEXEC)));
  for (int stream = 0; stream < 3; ++stream) require(::dup2(null, stream));
  ::close(null);
}

// In the interpreter: what become_program() does before it knows its program.
void park(int job, int abi) noexcept {
  begin(Step::park);
  populate_working_set();
  drop_last_capabilities();
  new_session();
  begin(Step::close_descriptors);
  if (job != job_fd) require(::dup2(job, job_fd));
  require(::close_range(job_fd + 1, ~0u, 0));
  die_first_without_memory();
  restrict_with_landlock(abi);
  load_seccomp();
  verify_seccomp();
  begin(Step::park);
}

void block_until_program(int deaths, int host) noexcept {
  pollfd entries[3] = {{control_fd, POLLIN, 0}, {host, POLLIN, 0}, {deaths, POLLIN, 0}};
  while (::poll(entries, 3, -1) < 0) {
  }
  if (entries[1].revents != 0 || entries[2].revents != 0) ::_exit(0);  // nobody to run it for, or nobody to run it
}

// Returns in the parked interpreter; its parent buries it.
void become_container(int channel) noexcept {
  SignalActions actions;
  read_actions(actions);
  keep_only_channel(channel);
  reset_inheritance();
  const Plan plan = receive_plan();
  const Built built = build_container(plan.what);
  join_cgroup(plan.cgroup_files, plan.what.cgroup_files);
  keep_capabilities(1u << CAP_SYS_ADMIN);  // for the quota

  begin(Step::park);
  int job[2];
  require(::socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, job));
  const int abi = landlock_abi();
  block_deaths();
  const pid_t guest = static_cast<pid_t>(require(::fork()));
  if (guest == 0) {
    park(job[1], abi);
    return restore_actions(actions);
  }
  ::close(job[1]);
  sigset_t child;
  ::sigemptyset(&child);
  ::sigaddset(&child, SIGCHLD);
  const int deaths = static_cast<int>(require(::signalfd(-1, &child, SFD_CLOEXEC | SFD_NONBLOCK)));

  block_until_program(deaths, plan.host);
  ::close(deaths);
  const Received program = receive_program(plan.host);
  set_workspace_quota(built.workspace, program.plan.workspace_bytes, program.plan.workspace_inodes);
  ::close(built.workspace);
  drop_last_capabilities();
  begin(Step::receive_program);
  const int fds[] = {program.words, program.streams[0], program.streams[1], program.streams[2]};
  Report report{};
  report.event = Event::started;
  if (!send(job[0], program.plan, fds)) fail(errno);
  send(control_fd, report);
  for (const int fd : fds) ::close(fd);
  ::close(job[0]);
  bury({guest}, {control_fd, plan.host, built.accounting, program.plan.last_resort_milliseconds});
}

// A process that does, with nobody's data, what a program does, so that its pages are known. True in that process; what
// it changes ends with it.
bool send_scout() noexcept {
  expect_working_set();
  PyOS_BeforeFork();
  const pid_t scout = ::fork();
  if (scout == 0) {
    ::alarm(scout_seconds);
    note_pages_before();
    PyOS_AfterFork_Child();
    return true;
  }
  PyOS_AfterFork_Parent();
  int status = 1;
  while (scout > 0 && ::waitpid(scout, &status, 0) < 0 && errno == EINTR) {
  }
  take_working_set(status == 0);
  return false;
}

void answer(std::uint32_t number, std::int32_t pid, int pidfd) noexcept {
  const ForkAnswer answer{number, pid};
  const bool sent = pidfd < 0 ? send(zygote_orders_fd, answer) : send(zygote_orders_fd, answer, {&pidfd, 1});
  if (!sent) ::_exit(0);
}

}  // namespace
}  // namespace pysandbox::container::init

using namespace pysandbox::container;
using namespace pysandbox::container::init;

// Called with the interpreter's lock held. Returns 0 in parked interpreters, and 1 in the one process that shall
// rehearse a program and then call pysandbox_rehearsed().
extern "C" __attribute__((visibility("default"))) int pysandbox_serve() noexcept {
  const ZygoteFlaw flaw = find_flaw();
  if (flaw == ZygoteFlaw::none && send_scout()) return 1;
  answer(0, static_cast<std::int32_t>(flaw), -1);
  if (flaw != ZygoteFlaw::none) ::_exit(1);
  for (;;) {
    ForkOrder order{};
    int channel = -1;
    if (!receive(zygote_orders_fd, order, {&channel, 1}) || channel < 0) ::_exit(0);
    PyOS_BeforeFork();
    int pidfd = -1;
    const long pid = fork_container(pidfd);
    if (pid == 0) {
      become_container(channel);
      PyOS_AfterFork_Child();
      return 0;
    }
    const int error = errno;
    PyOS_AfterFork_Parent();
    ::close(channel);
    answer(order.number, pid > 0 ? static_cast<std::int32_t>(pid) : -error, pidfd);
    if (pidfd >= 0) ::close(pidfd);
  }
}

extern "C" __attribute__((visibility("default"))) int pysandbox_rehearsed() noexcept {
  note_pages_after();
  ::_exit(0);
}

// Tells the host that this interpreter is parked, and waits for its program. Returns how many of the words in
// words_fd are arguments.
extern "C" __attribute__((visibility("default"))) int pysandbox_wait() noexcept {
  begin(Step::park);
  Report report{};
  report.event = Event::parked;
  if (!send(control_fd, report)) ::_exit(0);
  ProgramPlan plan{};
  int fds[4];
  if (!receive(job_fd, plan, fds) || fds[3] < 0) ::_exit(0);
  limit_resources(plan);
  limit_what_nobody_needs();
  connect_streams({fds[1], fds[2], fds[3]});
  begin(Step::close_descriptors);
  const int argument_count = static_cast<int>(plan.argument_count);
  require(::dup2(fds[0], words_fd));  // over the channel: from here on nothing is the host's
  if (::close_range(words_fd + 1, ~0u, 0) != 0) ::_exit(111);
  return argument_count;
}

// exit(3), with the interpreter's lock held, so that no other thread of Python's runs meanwhile.
extern "C" __attribute__((visibility("default"))) int pysandbox_leave(int status) noexcept { std::exit(status); }
