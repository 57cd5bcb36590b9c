#include "container/init/system_files.hpp"

#include <dirent.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstring>

#include "container/init/devices.hpp"
#include "container/init/mounts.hpp"
#include "container/init/step.hpp"

namespace pysandbox::container::init {
namespace {

// Of the host's root only these; on a merged /usr all but the first are links.
constexpr const char* host_names[] = {"usr", "bin", "sbin", "lib", "lib32", "lib64", "libx32"};

// Of the host's /etc only what the loader and libraries read and what says nothing about the host's users,
// network or secrets.
constexpr const char* host_etc_names[] = {"ld.so.cache", "alternatives", "localtime", "fonts", "mime.types"};

// A root file system's own of these are replaced.
constexpr const char* replaced_names[] = {"dev", "proc", "sys", "run", "tmp", "data", "workspace", "environment"};

bool is_replaced(const char* name) noexcept {
  if (!applies(Layer::root) && std::strcmp(name, "sys") == 0) return false;
  for (const char* replaced : replaced_names) {
    if (std::strcmp(name, replaced) == 0) return true;
  }
  return false;
}

// Adds `name` in `directory` under `prefix` + `name`. False if there is none.
bool add_source(SystemSources& sources, int directory, const char* prefix, const char* name) noexcept {
  struct stat status {};
  if (::fstatat(directory, name, &status, AT_SYMLINK_NOFOLLOW) != 0) {
    if (errno == ENOENT) return false;
    fail(errno);
  }
  if (sources.count == maximum_sources) fail(E2BIG);
  SystemSources::Tree& source = sources.trees[sources.count++];
  std::snprintf(source.name, sizeof source.name, "%s%s", prefix, name);
  source.directory = S_ISDIR(status.st_mode);
  source.tree = -1;
  if (S_ISLNK(status.st_mode)) {
    const long length = require(::readlinkat(directory, name, source.link, sizeof source.link - 1));
    source.link[length] = '\0';
  } else {
    source.tree = static_cast<int>(require(clone_tree(directory, name, source.directory)));
  }
  return true;
}

int open_directory(int at, const char* path) noexcept {
  return static_cast<int>(require(::openat(at, path, O_RDONLY | O_DIRECTORY | O_CLOEXEC)));
}

void add_host(SystemSources& sources) noexcept {
  const int root = open_directory(AT_FDCWD, "/");
  for (const char* name : host_names) add_source(sources, root, "", name);
  const int etc = ::openat(root, "etc", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (etc >= 0) {
    for (const char* name : host_etc_names) add_source(sources, etc, "etc/", name);
    ::close(etc);
  }
  ::close(root);
}

void add_rootfs(SystemSources& sources, const char* rootfs) noexcept {
  const int root = open_directory(AT_FDCWD, rootfs);
  DIR* listing = ::fdopendir(static_cast<int>(require(::fcntl(root, F_DUPFD_CLOEXEC, 0))));
  if (listing == nullptr) fail(errno);
  while (const dirent* entry = ::readdir(listing)) {
    const char* name = entry->d_name;
    if (std::strcmp(name, ".") == 0 || std::strcmp(name, "..") == 0 || is_replaced(name)) continue;
    add_source(sources, root, "", name);
  }
  ::closedir(listing);
  ::close(root);
}

void make_etc(const char* rootfs) noexcept {
  if (*rootfs != '\0' || !applies(Layer::root)) return;  // it brings its own
  make_directory("etc", 0755);
  make_file("etc/passwd", "sandbox:x:1000:1000:sandbox:/workspace:/usr/sbin/nologin\n", 0644);
  make_file("etc/group", "sandbox:x:1000:\n", 0644);
  make_file("etc/hosts", "127.0.0.1 localhost sandbox\n::1 localhost\n", 0644);
  make_file("etc/hostname", "sandbox\n", 0644);
  make_file("etc/nsswitch.conf", "passwd: files\ngroup: files\nhosts: files\n", 0644);
}

void mount_source(const SystemSources::Tree& source) noexcept {
  if (source.tree < 0) {
    require(::symlink(source.link, source.name));
    return;
  }
  if (source.directory) {
    make_directory(source.name, 0755);
  } else {
    make_file(source.name, "", 0444);
  }
  if (applies(Layer::root)) {
    restrict_tree(source.tree, MOUNT_ATTR_RDONLY | MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV, source.directory);
  }
  attach(source.tree, source.name);
}

}  // namespace

SystemSources open_sources(const ContainerPlan& plan) noexcept {
  begin(Step::open_sources);
  const char* rootfs = plan.rootfs;
  SystemSources sources{};
  if (!applies(Layer::root)) {
    add_rootfs(sources, "/");
  } else if (*rootfs == '\0') {
    add_host(sources);
  } else {
    add_rootfs(sources, rootfs);
  }
  open_devices(sources.devices);
  sources.user_namespace_limit = sources.namespace_limits = -1;
  if (plan.role == Role::zygote) {
    sources.namespace_limits = static_cast<int>(require(clone_tree(AT_FDCWD, "/proc/sys/user", false)));
  } else {
    const char* limit =
        plan.role == Role::parked ? "/run/namespaces/max_user_namespaces" : "/proc/sys/user/max_user_namespaces";
    sources.user_namespace_limit = static_cast<int>(require(::open(limit, O_WRONLY | O_CLOEXEC)));
  }
  return sources;
}

void mount_system_files(const SystemSources& sources, const char* rootfs) noexcept {
  begin(Step::system_files);
  make_etc(rootfs);
  for (int i = 0; i < sources.count; ++i) mount_source(sources.trees[i]);
}

void mount_namespace_limits(const SystemSources& sources) noexcept {
  begin(Step::system_files);
  if (sources.namespace_limits < 0) return;
  make_directory("run/namespaces", 0755);
  attach(sources.namespace_limits, "run/namespaces");
}

}  // namespace pysandbox::container::init
