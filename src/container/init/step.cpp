#include "container/init/step.hpp"

#include <unistd.h>

#include <cerrno>

#include "container/control_channel.hpp"

namespace pysandbox::container::init {
namespace {

// One process, one thread, one recipe: where it stands is state of the process.
Step current = Step::receive_plan;
#ifdef PYSANDBOX_LAYERS_CAN_BE_REMOVED
std::uint32_t removed = 0;
#endif

}  // namespace

void begin(Step step) noexcept { current = step; }

void fail(int error) noexcept {
  Report report{};
  report.event = Event::failed;
  report.step = current;
  report.error = error;
  send(control_fd, report);
  ::_exit(111);
}

long require(long result) noexcept {
  if (result < 0) fail(errno);
  return result;
}

#ifdef PYSANDBOX_LAYERS_CAN_BE_REMOVED
bool applies(Layer layer) noexcept { return !has(removed, layer); }
void remove_layers(std::uint32_t layers) noexcept { removed = layers; }
#else
bool applies(Layer) noexcept { return true; }
void remove_layers(std::uint32_t layers) noexcept {
  if (layers != 0) fail(EPERM);
}
#endif

}  // namespace pysandbox::container::init
