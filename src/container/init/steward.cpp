// pysandbox-steward: pid 1 of a container that somebody else's runtime made and locked down, with the system-call
// filter of programs already upon it. It starts the program, passes the host's orders on, and buries what the program
// leaves.
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <unistd.h>

#include <cerrno>
#include <climits>
#include <cstdlib>

#include "container/init/program.hpp"
#include "container/init/reaper.hpp"
#include "container/init/step.hpp"
#include "container/init/steward_step.hpp"

namespace pysandbox::container::init {
namespace {

// Nobody inside may open our standard input or memory by /proc (proc(5), on dumpable). The kernel's account of all
// that was read and written is opened before that.
int hide() noexcept {
  begin(Step::drop_capabilities);
  const int accounting = ::open("/proc/self/io", O_RDONLY | O_CLOEXEC);
  require(::prctl(PR_SET_DUMPABLE, 0));
  if (::prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) != 1) fail(EPERM);
  return accounting;
}

// The host writes all of it; less is the end of the host.
void read_all(void* into, std::size_t size) noexcept {
  auto* next = static_cast<char*>(into);
  while (size > 0) {
    const ssize_t count = ::read(STDIN_FILENO, next, size);
    if (count < 0 && errno == EINTR) continue;
    if (count <= 0) ::_exit(0);
    next += count;
    size -= static_cast<std::size_t>(count);
  }
}

Received read_program(const StewardStart& start) noexcept {
  begin(Step::receive_program);
  Received received{};
  received.plan = start.program;
  const std::size_t count = std::size_t{received.plan.argument_count} + received.plan.variable_count + 2;
  if (received.plan.words_size == 0 || count > received.plan.words_size + 2) fail(EPROTO);
  auto* words = static_cast<char*>(std::malloc(received.plan.words_size));
  auto* slots = static_cast<char**>(std::malloc(count * sizeof(char*)));
  if (words == nullptr || slots == nullptr) fail(ENOMEM);
  read_all(words, received.plan.words_size);
  if (!split_words(received.plan, {words, received.plan.words_size}, {slots, count})) fail(EPROTO);
  received.arguments = slots;
  received.variables = slots + received.plan.argument_count + 1;
  return received;
}

// The program must not share our standard input, by which the orders come.
int read_input(std::uint64_t size) noexcept {
  begin(Step::standard_streams);
  if (size == 0) return static_cast<int>(require(::open("/dev/null", O_RDONLY | O_CLOEXEC)));
  const int file = static_cast<int>(require(::memfd_create("stdin", MFD_CLOEXEC)));
  static char buffer[65536];
  while (size > 0) {
    const std::size_t part = size < sizeof buffer ? size : sizeof buffer;
    read_all(buffer, part);
    for (std::size_t done = 0; done < part;) {
      const ssize_t count = ::write(file, buffer + done, part - done);
      if (count < 0 && errno != EINTR) fail(errno);
      if (count > 0) done += static_cast<std::size_t>(count);
    }
    size -= part;
  }
  require(::lseek(file, 0, SEEK_SET));
  return file;
}

[[noreturn]] void become_program(const Received& received, int input) noexcept {
  new_session();
  begin(Step::standard_streams);
  require(::dup2(input, STDIN_FILENO));
  begin(Step::close_descriptors);
  require(::close_range(3, INT_MAX, 0));  // gVisor takes ~0u for -1
  limit_resources(received.plan);  // the rest are the runtime's to set: not every kernel takes them from a program
  die_first_without_memory();
  begin(Step::execute);
  ::execve(received.arguments[0], received.arguments, received.variables);
  fail(errno);
}

void note_death(int) noexcept {}

// What programs may call has no signalfd(2): deaths interrupt ppoll(2), and only that.
void block_deaths_but_in_ppoll() noexcept {
  block_deaths();
  struct sigaction action {};
  action.sa_handler = note_death;
  require(::sigaction(SIGCHLD, &action, nullptr));
}

void obey(pid_t program) noexcept {
  unsigned char order = 0;
  const ssize_t count = ::read(STDIN_FILENO, &order, 1);
  if (count == 0 || (count < 0 && errno != EINTR)) ::_exit(0);  // the host is gone: everything ends with us
  if (count == 1) carry_out(static_cast<Order>(order), program);
}

Dead wait_for_end(pid_t program, unsigned long long last_resort_milliseconds) noexcept {
  sigset_t none;
  ::sigemptyset(&none);
  const auto last_resort = milliseconds_now() + last_resort_milliseconds;
  for (;;) {
    const Dead dead = reap(program);
    if (dead.program_status) return dead;
    pollfd entry{STDIN_FILENO, POLLIN, 0};
    const int left = milliseconds_until(last_resort);
    const timespec most{left / 1000, left % 1000 * 1'000'000L};
    const int ready = ::ppoll(&entry, 1, &most, &none);
    if (ready == 0) ::kill(-1, SIGKILL);
    if (ready > 0) obey(program);
  }
}

void wait_until_wanted() noexcept {
  Report report{};
  report.event = Event::ready;
  tell(report);
  unsigned char order = 0;
  read_all(&order, 1);
  if (static_cast<Order>(order) != Order::proceed) ::_exit(0);
}

}  // namespace
}  // namespace pysandbox::container::init

using namespace pysandbox::container;
using namespace pysandbox::container::init;

int main() {
  StewardStart start{};
  read_all(&start, sizeof start);
  set_mark(start.mark);
  const int accounting = hide();
  const Received received = read_program(start);
  const int input = read_input(start.stdin_size);

  block_deaths_but_in_ppoll();
  wait_until_wanted();
  begin(Step::execute);
  const pid_t program = static_cast<pid_t>(require(::fork()));
  if (program == 0) become_program(received, input);
  ::close(input);

  Report report{};
  report.event = Event::exited;
  const Dead dead = wait_for_end(program, received.plan.last_resort_milliseconds);
  report.wait_status = *dead.program_status;
  report.leftovers = dead.others + kill_leftovers();
  add_accounting(report, accounting);
  tell(report);
  ::_exit(0);
}
