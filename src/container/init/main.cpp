// pysandbox-init: pid 1 of a container. It was started in new namespaces, with
// all capabilities in them and none outside; it builds the container around
// itself, gives its powers away, waits for a program, and buries what the program leaves.
//
// THE RECIPE. The order is the protection: each step relies on those before it. Any
// failure ends the container before a byte of the program is read.
#include <sys/mount.h>
#include <unistd.h>

#include "container/control_channel.hpp"
#include "container/init/devices.hpp"
#include "container/init/environment.hpp"
#include "container/init/landlock.hpp"
#include "container/init/mounts.hpp"
#include "container/init/privileges.hpp"
#include "container/init/program.hpp"
#include "container/init/reaper.hpp"
#include "container/init/step.hpp"
#include "container/init/system_files.hpp"
#include "container/init/workspace.hpp"
#include "container/launch_plan.hpp"

using namespace pysandbox::container;
using namespace pysandbox::container::init;

namespace {

// Returns the descriptor that tells of the host's death.
int receive_plan(ContainerPlan& plan) {
  begin(Step::receive_plan);
  int host = -1;
  if (!receive(control_fd, plan, {&host, 1}) || host < 0) fail(EPROTO);
  plan.rootfs[sizeof plan.rootfs - 1] = '\0';
  plan.environment[sizeof plan.environment - 1] = '\0';
  remove_layers(plan.removed_layers);
  return host;
}

void announce_ready(int workspace) {
  Report report{};
  report.event = Event::ready;
  report.landlock_abi = landlock_abi();
  if (!send(control_fd, report, {&workspace, 1})) ::_exit(111);
  ::close(workspace);
}

}  // namespace

int main() {
  ContainerPlan plan;
  reset_inheritance();
  const int host = receive_plan(plan);

  const SystemSources sources = open_sources(plan.rootfs);
  const int environment = open_environment(plan.environment);
  become_guest(plan.may_set_groups != 0);
  make_mounts_private();
  make_root();
  mount_system_files(sources, plan.rootfs);
  mount_environment(environment);
  mount_devices(sources);
  mount_processes();
  const int workspace = mount_workspace(plan);
  make_root_read_only();
  enter_root();
  hide_host();
  forbid_user_namespaces(sources);
  const int accounting = open_accounting();
  announce_ready(workspace);

  const Received program = receive_program(host);
  join_cgroup(program.cgroup_files, program.plan.cgroup_files);
  drop_capabilities();
  const Guest guest = start_program(program);
  bury(guest, {control_fd, host, accounting, program.plan.last_resort_milliseconds});
}
