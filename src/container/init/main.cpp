// pysandbox-init: pid 1 of a container. It was started in new namespaces, with
// all capabilities in them and none outside; it builds the container around
// itself (recipe.cpp), gives its powers away, waits for a program, and buries what the program leaves.
#include <unistd.h>

#include "container/init/privileges.hpp"
#include "container/init/program.hpp"
#include "container/init/reaper.hpp"
#include "container/init/recipe.hpp"
#include "container/init/zygote_keeper.hpp"

using namespace pysandbox::container;
using namespace pysandbox::container::init;

int main() {
  reset_inheritance();
  const Plan plan = receive_plan();
  const Built built = build_container(plan.what);
  ::close(built.workspace);

  Received program = receive_program(plan.host);
  map_words(program);
  join_cgroup(program.files, program.plan.cgroup_files);
  if (plan.what.role == Role::zygote) keep_zygote(program, plan.host);
  drop_capabilities();
  const Guest guest = start_program(program);
  bury(guest, {control_fd, plan.host, built.accounting, program.plan.last_resort_milliseconds});
}
