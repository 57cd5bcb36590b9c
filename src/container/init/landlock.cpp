#include "container/init/landlock.hpp"

#include <fcntl.h>
#include <linux/landlock.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <cstdint>

#include "container/init/step.hpp"

namespace pysandbox::container::init {
namespace {

// Of later ABIs than the build host's headers; linux/landlock.h of Linux 6.12.
constexpr std::uint64_t fs_refer = 1ULL << 13;                   // ABI 2
constexpr std::uint64_t fs_truncate = 1ULL << 14;                // ABI 3
constexpr std::uint64_t fs_ioctl_dev = 1ULL << 15;               // ABI 5
constexpr std::uint64_t net_bind_and_connect = 3;                // ABI 4
constexpr std::uint64_t scope_abstract_sockets_and_signals = 3;  // ABI 6

struct Ruleset {
  std::uint64_t handled_access_fs;
  std::uint64_t handled_access_net;
  std::uint64_t scoped;
};

constexpr std::uint64_t read_and_execute =
    LANDLOCK_ACCESS_FS_EXECUTE | LANDLOCK_ACCESS_FS_READ_FILE | LANDLOCK_ACCESS_FS_READ_DIR;
constexpr std::uint64_t all_of_abi_1 = (1ULL << 13) - 1;
constexpr std::uint64_t make_device = LANDLOCK_ACCESS_FS_MAKE_CHAR | LANDLOCK_ACCESS_FS_MAKE_BLOCK;

std::uint64_t known_to(int abi) noexcept {
  return all_of_abi_1 | (abi >= 2 ? fs_refer : 0) | (abi >= 3 ? fs_truncate : 0) | (abi >= 5 ? fs_ioctl_dev : 0);
}

std::size_t size_known_to(int abi) noexcept { return abi >= 6 ? 24 : abi >= 4 ? 16 : 8; }

void allow(int ruleset, const char* path, std::uint64_t access) noexcept {
  const int directory = static_cast<int>(require(::open(path, O_PATH | O_CLOEXEC)));
  landlock_path_beneath_attr rule{};
  rule.allowed_access = access;
  rule.parent_fd = directory;
  require(::syscall(SYS_landlock_add_rule, ruleset, LANDLOCK_RULE_PATH_BENEATH, &rule, 0));
  ::close(directory);
}

}  // namespace

int landlock_abi() noexcept {
  const long abi = ::syscall(SYS_landlock_create_ruleset, nullptr, 0, LANDLOCK_CREATE_RULESET_VERSION);
  return abi < 0 ? 0 : static_cast<int>(abi);
}

void restrict_with_landlock(int abi) noexcept {
  begin(Step::landlock);
  if (abi == 0 || !applies(Layer::landlock)) return;
  const std::uint64_t everything = known_to(abi);
  const Ruleset rules{everything, abi >= 4 ? net_bind_and_connect : 0,
                      abi >= 6 ? scope_abstract_sockets_and_signals : 0};
  const int ruleset = static_cast<int>(require(::syscall(SYS_landlock_create_ruleset, &rules, size_known_to(abi), 0)));
  const std::uint64_t writable = everything & ~make_device & ~fs_ioctl_dev;
  const std::uint64_t write_file = LANDLOCK_ACCESS_FS_WRITE_FILE | (everything & fs_truncate);
  allow(ruleset, "/", read_and_execute);
  allow(ruleset, "/workspace", writable);
  allow(ruleset, "/tmp", writable);
  if (applies(Layer::dev)) allow(ruleset, "/dev/shm", writable);
  allow(ruleset, "/dev/null", LANDLOCK_ACCESS_FS_READ_FILE | write_file);
  allow(ruleset, "/dev/zero", LANDLOCK_ACCESS_FS_READ_FILE | write_file);
  allow(ruleset, "/dev/full", LANDLOCK_ACCESS_FS_READ_FILE | write_file);
  allow(ruleset, "/run/pysandbox/report", LANDLOCK_ACCESS_FS_READ_FILE | write_file);
  require(::syscall(SYS_landlock_restrict_self, ruleset, 0));
  ::close(ruleset);
}

}  // namespace pysandbox::container::init
