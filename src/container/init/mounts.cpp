#include "container/init/mounts.hpp"

#include <fcntl.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstring>

#include "container/init/step.hpp"

namespace pysandbox::container::init {
namespace {

void configure(int context, const char* key, const char* value) noexcept {
  require(::fsconfig(context, FSCONFIG_SET_STRING, key, value, 0));
}

void configure(int context, const char* key, unsigned long long value) noexcept {
  char text[24];
  std::snprintf(text, sizeof text, "%llu", value);
  configure(context, key, text);
}

int finish_mount(int context, unsigned attributes) noexcept {
  if (!applies(Layer::nosuid)) attributes &= ~unsigned{MOUNT_ATTR_NOSUID};
  require(::fsconfig(context, FSCONFIG_CMD_CREATE, nullptr, nullptr, 0));
  const int mount = static_cast<int>(require(::fsmount(context, FSMOUNT_CLOEXEC, attributes)));
  ::close(context);
  return mount;
}

}  // namespace

int new_tmpfs(const TmpfsOptions& options, unsigned attributes) noexcept {
  const int context = static_cast<int>(require(::fsopen("tmpfs", FSOPEN_CLOEXEC)));
  configure(context, "size", options.bytes);
  configure(context, "nr_inodes", options.inodes);
  configure(context, "mode", options.mode);
  return finish_mount(context, attributes);
}

int clone_tree(int directory, const char* path, bool with_submounts) noexcept {
  return ::open_tree(directory, path,
                     OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC | AT_SYMLINK_NOFOLLOW | (*path == '\0' ? AT_EMPTY_PATH : 0) |
                         (with_submounts ? AT_RECURSIVE : 0));
}

void restrict_tree(int tree, unsigned long long attributes, bool with_submounts) noexcept {
  mount_attr change{};
  change.attr_set = attributes;
  if (!applies(Layer::readonly)) change.attr_set &= ~std::uint64_t{MOUNT_ATTR_RDONLY};
  if (!applies(Layer::nosuid)) change.attr_set &= ~std::uint64_t{MOUNT_ATTR_NOSUID};
  require(::mount_setattr(tree, "", AT_EMPTY_PATH | (with_submounts ? AT_RECURSIVE : 0), &change, sizeof change));
}

void attach(int tree, const char* target) noexcept {
  require(::move_mount(tree, "", AT_FDCWD, target, MOVE_MOUNT_F_EMPTY_PATH));
  ::close(tree);
}

void make_directory(const char* path, unsigned mode) noexcept { require(::mkdir(path, mode)); }

void make_file(const char* path, const char* content, unsigned mode) noexcept {
  const int fd = static_cast<int>(require(::open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, mode)));
  const auto size = static_cast<ssize_t>(std::strlen(content));
  if (::write(fd, content, static_cast<std::size_t>(size)) != size) fail(errno == 0 ? EIO : errno);
  ::close(fd);
}

void make_mounts_private() noexcept {
  begin(Step::private_mounts);
  require(::mount(nullptr, "/", nullptr, MS_REC | MS_PRIVATE, nullptr));
}

void make_root() noexcept {
  begin(Step::new_root);
  const int root = new_tmpfs({4 << 20, 512, "0755"}, MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV);
  // Any directory serves: the sources are open already, and the old tree goes away whole.
  const int keep = static_cast<int>(require(::fcntl(root, F_DUPFD_CLOEXEC, 0)));
  attach(root, "/usr");
  require(::fchdir(keep));
  ::close(keep);
}

void mount_processes() noexcept {
  begin(Step::processes);
  make_directory("proc", 0555);
  const int context = static_cast<int>(require(::fsopen("proc", FSOPEN_CLOEXEC)));
  if (applies(Layer::proc)) {
    // Nothing but processes: no /proc/sys, kallsyms, kcore, keys (some thousand files otherwise).
    configure(context, "subset", "pid");
    configure(context, "hidepid", "invisible");
  }
  attach(finish_mount(context, MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV | MOUNT_ATTR_NOEXEC), "proc");
}

void make_root_read_only() noexcept {
  begin(Step::read_only_root);
  if (!applies(Layer::root)) return;
  const int root = static_cast<int>(require(::open(".", O_PATH | O_DIRECTORY | O_CLOEXEC)));
  restrict_tree(root, MOUNT_ATTR_RDONLY | MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV, false);
  ::close(root);
}

void set_quota(int tmpfs, unsigned long long bytes, unsigned long long inodes) noexcept {
  begin(Step::final_quota);
  const int context = static_cast<int>(require(::fspick(tmpfs, "", FSPICK_CLOEXEC | FSPICK_EMPTY_PATH)));
  configure(context, "size", bytes);
  configure(context, "nr_inodes", inodes);
  require(::fsconfig(context, FSCONFIG_CMD_RECONFIGURE, nullptr, nullptr, 0));
  ::close(context);
}

void enter_root() noexcept {
  begin(Step::enter_root);
  // Stacks the new root over the old one, then takes the old one away: pivot_root(2), "pivot_root(".", ".")".
  require(::syscall(SYS_pivot_root, ".", "."));
  require(::umount2(".", MNT_DETACH));
  require(::chdir("/"));
}

}  // namespace pysandbox::container::init
