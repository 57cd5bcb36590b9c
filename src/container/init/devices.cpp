#include "container/init/devices.hpp"

#include <fcntl.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>

#include "container/init/mounts.hpp"
#include "container/init/step.hpp"
#include "container/init/system_files.hpp"

namespace pysandbox::container::init {
namespace {

struct DeviceNode {
  const char* name;
  unsigned minor_number;  // of major number 1, memory devices
};

constexpr DeviceNode device_nodes[] = {{"null", 3}, {"zero", 5}, {"full", 7}, {"random", 8}, {"urandom", 9}};

}  // namespace

void open_devices(int (&trees)[5]) noexcept {
  for (int i = 0; i < 5; ++i) {
    char path[32];
    std::snprintf(path, sizeof path, "/dev/%s", device_nodes[i].name);
    trees[i] = static_cast<int>(require(clone_tree(AT_FDCWD, path, false)));
    struct stat status {};
    require(::fstatat(trees[i], "", &status, AT_EMPTY_PATH));
    if (!S_ISCHR(status.st_mode) || status.st_rdev != makedev(1, device_nodes[i].minor_number)) fail(ENODEV);
  }
}

void mount_devices(const SystemSources& sources) noexcept {
  begin(Step::devices);
  make_directory("dev", 0755);
  if (!applies(Layer::dev)) {
    attach(static_cast<int>(require(clone_tree(AT_FDCWD, "/dev", true))), "dev");
    return;
  }
  for (int i = 0; i < 5; ++i) {
    char path[32];
    std::snprintf(path, sizeof path, "dev/%s", device_nodes[i].name);
    make_file(path, "", 0444);
    restrict_tree(sources.devices[i], MOUNT_ATTR_RDONLY | MOUNT_ATTR_NOSUID | MOUNT_ATTR_NOEXEC, false);
    attach(sources.devices[i], path);
  }
  require(::symlink("/proc/self/fd", "dev/fd"));
  require(::symlink("/proc/self/fd/0", "dev/stdin"));
  require(::symlink("/proc/self/fd/1", "dev/stdout"));
  require(::symlink("/proc/self/fd/2", "dev/stderr"));
  make_directory("dev/shm", 01777);
}

}  // namespace pysandbox::container::init
