#include "container/init/program.hpp"

#include <fcntl.h>
#include <linux/close_range.h>
#include <poll.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>

#include "container/control_channel.hpp"
#include "container/init/landlock.hpp"
#include "container/init/seccomp.hpp"
#include "container/init/step.hpp"
#include "container/launch_plan.hpp"

namespace pysandbox::container::init {
namespace {

void close_descriptors() noexcept {
  begin(Step::close_descriptors);
  if (applies(Layer::descriptors)) require(::close_range(3, ~0u, CLOSE_RANGE_CLOEXEC));
}

[[noreturn]] void become_program(const Received& received, int abi) noexcept {
  new_session();
  connect_streams(received.streams);
  close_descriptors();
  limit_resources(received.plan);
  limit_what_nobody_needs();
  die_first_without_memory();
  restrict_with_landlock(abi);
  load_seccomp();
  verify_seccomp();
  begin(Step::execute);
  ::execve(received.arguments[0], received.arguments, received.variables);
  fail(errno);
}

}  // namespace

void map_words(Received& received) noexcept {
  begin(Step::receive_program);
  const ProgramPlan& plan = received.plan;
  struct stat status {};
  require(::fstat(received.words, &status));
  if (plan.words_size == 0 || static_cast<std::uint64_t>(status.st_size) != plan.words_size) fail(EPROTO);
  void* bytes = ::mmap(nullptr, plan.words_size, PROT_READ | PROT_WRITE, MAP_PRIVATE, received.words, 0);
  if (bytes == MAP_FAILED) fail(errno);
  const std::size_t count = std::size_t{plan.argument_count} + plan.variable_count + 2;
  if (count > plan.words_size + 2) fail(EPROTO);
  auto* slots = static_cast<char**>(std::malloc(count * sizeof(char*)));
  if (slots == nullptr) fail(ENOMEM);
  if (!split_words(plan, {static_cast<char*>(bytes), plan.words_size}, {slots, count})) fail(EPROTO);
  received.arguments = slots;
  received.variables = slots + plan.argument_count + 1;
  ::close(received.words);
}

void block_deaths() noexcept {
  sigset_t child;
  ::sigemptyset(&child);
  ::sigaddset(&child, SIGCHLD);
  ::sigprocmask(SIG_BLOCK, &child, nullptr);
}

void new_session() noexcept {
  begin(Step::new_session);
  require(::setsid());
  require(::chdir("/workspace"));
  ::umask(022);
  sigset_t none;
  ::sigemptyset(&none);
  ::sigprocmask(SIG_SETMASK, &none, nullptr);
}

void connect_streams(const int (&streams)[3]) noexcept {
  begin(Step::standard_streams);
  for (int i = 0; i < 3; ++i) require(::dup2(streams[i], i));
}

namespace {

void limit(__rlimit_resource resource, std::uint64_t value) noexcept {
  rlimit current{};
  require(::getrlimit(resource, &current));
  // Without a capability a hard limit can only go down; the host's may be lower already.
  if (current.rlim_max != RLIM_INFINITY && value > current.rlim_max) value = current.rlim_max;
  const rlimit both{value, value};
  require(::setrlimit(resource, &both));
}

}  // namespace

void limit_stack() noexcept {
  begin(Step::resource_limits);
  limit(RLIMIT_STACK, 8 << 20);
}

void limit_resources(const ProgramPlan& plan) noexcept {
  begin(Step::resource_limits);
  if (!applies(Layer::rlimits)) return;
  limit(RLIMIT_CORE, 0);
  limit(RLIMIT_NOFILE, plan.open_files);
  limit(RLIMIT_FSIZE, plan.file_size_bytes);
  limit(RLIMIT_NPROC, plan.processes + 1);  // and the init
  limit(RLIMIT_CPU, plan.cpu_seconds);
  limit(RLIMIT_MEMLOCK, 0);
  limit_stack();
  if (plan.data_bytes != 0) limit(RLIMIT_DATA, plan.data_bytes);
}

void limit_what_nobody_needs() noexcept {
  begin(Step::resource_limits);
  if (!applies(Layer::rlimits)) return;
  limit(RLIMIT_MSGQUEUE, 0);
  limit(RLIMIT_SIGPENDING, 128);
  limit(RLIMIT_RTPRIO, 0);
  limit(RLIMIT_NICE, 0);
  limit(RLIMIT_RTTIME, 0);
}

void die_first_without_memory() noexcept {
  begin(Step::out_of_memory_first);
  ::prctl(PR_SET_DUMPABLE, 1);  // else the file is not ours; execve(2) would set it anyway
  const int file = static_cast<int>(require(::open("/proc/self/oom_score_adj", O_WRONLY | O_CLOEXEC)));
  require(::write(file, "1000", 4));
  ::close(file);
}

Received receive_program(int host) noexcept {
  begin(Step::receive_program);
  pollfd entries[2] = {{control_fd, POLLIN, 0}, {host, POLLIN, 0}};
  while (::poll(entries, 2, -1) < 0) {
  }
  if (entries[1].revents != 0) ::_exit(0);
  Received received{};
  int fds[4 + maximum_cgroup_files];
  if (!receive(control_fd, received.plan, fds)) {
    if (errno == 0) ::_exit(0);  // the host has no program for us, or is gone
    fail(errno);
  }
  const std::uint32_t files = received.plan.cgroup_files + received.plan.zygote_files;
  if (received.plan.cgroup_files > maximum_cgroup_files || files > maximum_cgroup_files || fds[3 + files] < 0) {
    fail(EPROTO);
  }
  received.words = fds[0];
  for (int i = 0; i < 3; ++i) received.streams[i] = fds[i + 1];
  for (std::uint32_t i = 0; i < files; ++i) received.files[i] = fds[4 + i];
  return received;
}

Guest start_program(const Received& received) noexcept {
  const int abi = landlock_abi();
  block_deaths();
  const pid_t pid = static_cast<pid_t>(require(::fork()));
  if (pid == 0) become_program(received, abi);
  for (const int stream : received.streams) ::close(stream);
  return {pid};
}

}  // namespace pysandbox::container::init
