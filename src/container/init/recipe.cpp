// THE RECIPE. The order is the protection: each step relies on those before it. Any
// failure ends the container before a byte of the program is read.
#include "container/init/recipe.hpp"

#include <unistd.h>

#include <cerrno>

#include "container/control_channel.hpp"
#include "container/init/devices.hpp"
#include "container/init/environment.hpp"
#include "container/init/landlock.hpp"
#include "container/init/mounts.hpp"
#include "container/init/privileges.hpp"
#include "container/init/step.hpp"
#include "container/init/system_files.hpp"
#include "container/init/workspace.hpp"

namespace pysandbox::container::init {
namespace {

void announce_ready(int workspace) noexcept {
  Report report{};
  report.event = Event::ready;
  report.landlock_abi = landlock_abi();
  if (!send(control_fd, report, {&workspace, 1})) ::_exit(111);
}

}  // namespace

Plan receive_plan() noexcept {
  begin(Step::receive_plan);
  Plan plan{};
  int fds[1 + maximum_cgroup_files];
  if (!receive(control_fd, plan.what, fds) || fds[0] < 0) fail(EPROTO);
  plan.host = fds[0];
  if (plan.what.cgroup_files > maximum_cgroup_files || fds[plan.what.cgroup_files] < 0) fail(EPROTO);
  for (std::uint32_t i = 0; i < plan.what.cgroup_files; ++i) plan.cgroup_files[i] = fds[1 + i];
  plan.what.rootfs[sizeof plan.what.rootfs - 1] = '\0';
  plan.what.environment[sizeof plan.what.environment - 1] = '\0';
  remove_layers(plan.what.removed_layers);
  return plan;
}

Built build_container(const ContainerPlan& plan) noexcept {
  const SystemSources sources = open_sources(plan);
  const int environment = open_environment(plan.environment);
  become_guest(plan.may_set_groups != 0);
  make_mounts_private();
  make_root();
  mount_system_files(sources, plan.rootfs);
  mount_environment(environment);
  mount_devices(sources);
  mount_processes();
  const int workspace = mount_workspace(plan);
  mount_namespace_limits(sources);
  make_root_read_only();
  enter_root();
  hide_host();
  forbid_user_namespaces(sources);
  const int accounting = open_accounting();
  announce_ready(workspace);
  return {workspace, accounting};
}

}  // namespace pysandbox::container::init
