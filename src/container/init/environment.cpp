#include "container/init/environment.hpp"

#include <fcntl.h>
#include <sys/mount.h>
#include <unistd.h>

#include "container/init/mounts.hpp"
#include "container/init/step.hpp"

namespace pysandbox::container::init {

// Without what is mounted below it: an environment is the files of one directory.
int open_environment(const char* directory) noexcept {
  if (*directory == '\0') return -1;
  begin(Step::open_environment);
  const int opened = static_cast<int>(require(::open(directory, O_PATH | O_DIRECTORY | O_CLOEXEC)));
  const int tree = static_cast<int>(require(clone_tree(opened, "", false)));
  ::close(opened);
  return tree;
}

void mount_environment(int tree) noexcept {
  if (tree < 0) return;
  begin(Step::environment);
  make_directory("environment", 0755);
  restrict_tree(tree, MOUNT_ATTR_RDONLY | MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV, false);
  attach(tree, "environment");
}

}  // namespace pysandbox::container::init
