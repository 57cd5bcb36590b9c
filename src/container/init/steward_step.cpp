#include "container/init/steward_step.hpp"

#include <unistd.h>

#include <cerrno>

#include "container/init/step.hpp"

namespace pysandbox::container::init {
namespace {

// As in step.cpp: one process, one thread.
Step current = Step::receive_plan;
ReportMark own_mark{};

}  // namespace

void set_mark(const ReportMark& mark) noexcept { own_mark = mark; }

void tell(const Report& report) noexcept {
  const StewardReport whole{own_mark, report};
  ssize_t written;
  do written = ::write(STDERR_FILENO, &whole, sizeof whole);
  while (written < 0 && errno == EINTR);
}

void begin(Step step) noexcept { current = step; }

void fail(int error) noexcept {
  Report report{};
  report.event = Event::failed;
  report.step = current;
  report.error = error;
  tell(report);
  ::_exit(111);
}

long require(long result) noexcept {
  if (result < 0) fail(errno);
  return result;
}

bool applies(Layer) noexcept { return true; }
void remove_layers(std::uint32_t) noexcept {}

}  // namespace pysandbox::container::init
