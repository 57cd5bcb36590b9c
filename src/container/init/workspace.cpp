#include "container/init/workspace.hpp"

#include <fcntl.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include "container/init/mounts.hpp"
#include "container/init/step.hpp"

namespace pysandbox::container::init {
namespace {

constexpr unsigned long long report_bytes = 32 << 10;
constexpr unsigned long long own_inodes = 8;
constexpr unsigned long long own_bytes = report_bytes + (64 << 10);

struct View {
  const char* source;
  const char* target;
  unsigned mode;
  unsigned long long attributes;
};

constexpr View views[] = {
    {"workspace", "workspace", 0755, MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV},
    {"data", "data", 0755, MOUNT_ATTR_RDONLY | MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV | MOUNT_ATTR_NOEXEC},
    {"tmp", "tmp", 01777, MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV | MOUNT_ATTR_NOEXEC},
    {"shm", "dev/shm", 01777, MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV | MOUNT_ATTR_NOEXEC},
};

void make_report(int space) noexcept {
  const int fd = static_cast<int>(require(::openat(space, "report", O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600)));
  require(::fallocate(fd, 0, 0, report_bytes));
  ::close(fd);
}

void attach_view(int space, const View& view) noexcept {
  require(::mkdirat(space, view.source, view.mode));
  require(::fchmodat(space, view.source, view.mode, 0));
  const int tree = static_cast<int>(require(clone_tree(space, view.source, false)));
  restrict_tree(tree, view.attributes, false);
  attach(tree, view.target);
}

}  // namespace

void set_workspace_quota(int workspace, unsigned long long bytes, unsigned long long inodes) noexcept {
  set_quota(workspace, bytes + own_bytes, inodes + own_inodes);
}

int mount_workspace(const ContainerPlan& plan) noexcept {
  begin(Step::workspace);
  TmpfsOptions quota{plan.workspace_bytes + own_bytes, plan.workspace_inodes + own_inodes, "0755"};
  if (!applies(Layer::workspace_quota)) quota = {0, 0, "0755"};

  // It must be mounted somewhere before parts of it can be cloned: in the old tree, which goes away as a whole. The
  // views are all that is left of it then.
  attach(new_tmpfs(quota, MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV), "/proc");
  const int space = static_cast<int>(require(::open("/proc", O_RDONLY | O_DIRECTORY | O_CLOEXEC)));
  for (const char* directory : {"workspace", "data", "tmp"}) make_directory(directory, 0755);
  if (!applies(Layer::dev)) {
    for (const View& view : views) {
      if (view.target[0] != 'd' || view.target[1] != 'e') attach_view(space, view);
    }
    require(::mkdirat(space, "shm", 01777));
  } else {
    for (const View& view : views) attach_view(space, view);
  }
  make_report(space);
  const int report = static_cast<int>(require(clone_tree(space, "report", false)));
  restrict_tree(report, MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV | MOUNT_ATTR_NOEXEC, false);
  make_directory("run", 0755);
  make_directory("run/pysandbox", 0755);
  make_file("run/pysandbox/report", "", 0600);
  attach(report, "run/pysandbox/report");
  return space;
}

}  // namespace pysandbox::container::init
