#include "container/init_process.hpp"

#include <fcntl.h>
#include <linux/close_range.h>
#include <linux/sched.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <string>

#include "container/control_channel.hpp"
#include "container/spawn.hpp"
#include "container/step_text.hpp"
#include "support/syscall.hpp"

extern "C" {
extern const std::byte pysandbox_init_image_begin[];
extern const std::byte pysandbox_init_image_end[];
}

namespace pysandbox::container {
namespace {

constexpr int ready_timeout_ms = 20'000;  // it takes one millisecond; a host that needs more is not well

constexpr std::uint64_t all_namespaces =
    CLONE_NEWUSER | CLONE_NEWNS | CLONE_NEWPID | CLONE_NEWNET | CLONE_NEWIPC | CLONE_NEWUTS;  // and cgroup, by the init

// For the tests' weakened profile; the built-in init refuses such a plan.
std::uint64_t namespaces(std::uint32_t removed_layers) {
  std::uint64_t flags = all_namespaces;
  if (has(removed_layers, Layer::net)) flags &= ~std::uint64_t{CLONE_NEWNET};
  if (has(removed_layers, Layer::ipc)) flags &= ~std::uint64_t{CLONE_NEWIPC};
  if (has(removed_layers, Layer::uts)) flags &= ~std::uint64_t{CLONE_NEWUTS};
  return flags;
}

int check_fd(const UniqueFd& fd) {
  return static_cast<int>(check(fd.get(), "opening a descriptor of this process", ErrorCode::sandbox_unavailable));
}

void write_proc(pid_t pid, const char* name, const std::string& text) {
  const std::string path = "/proc/" + std::to_string(pid) + "/" + name;
  const UniqueFd file(::open(path.c_str(), O_WRONLY | O_CLOEXEC));
  if (!file || !write_all(file.get(), text)) {
    check(-1, "mapping the user of a container (" + std::string(name) + ")", ErrorCode::sandbox_unavailable);
  }
}

}  // namespace

// Sealed, so that nobody, the container included, can change what later containers start from (CVE-2019-5736).
InitImage::InitImage(std::span<const std::byte> bytes) {
#ifndef MFD_EXEC
  constexpr unsigned MFD_EXEC = 0x10;  // Linux 6.3, for hosts with vm.memfd_noexec
#endif
  constexpr unsigned flags = MFD_CLOEXEC | MFD_ALLOW_SEALING;
  fd_.reset(::memfd_create("pysandbox-init", flags | MFD_EXEC));
  if (!fd_ && errno == EINVAL) fd_.reset(::memfd_create("pysandbox-init", flags));
  check(fd_.get(), "making a memory file for pysandbox-init", ErrorCode::sandbox_unavailable);
  if (!write_all(fd_.get(), {reinterpret_cast<const char*>(bytes.data()), bytes.size()})) {
    check(-1, "writing pysandbox-init to memory", ErrorCode::sandbox_unavailable);
  }
  check(::fcntl(fd_.get(), F_ADD_SEALS, F_SEAL_WRITE | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL),
        "sealing pysandbox-init", ErrorCode::sandbox_unavailable);
}

std::span<const std::byte> InitImage::built_in() noexcept {
  return {pysandbox_init_image_begin, pysandbox_init_image_end};
}

InitProcess::InitProcess(const InitImage& image, const InitStart& start) {
  spawn(image, start);
  try {
    map_ids(start);
    const UniqueFd host(static_cast<int>(::syscall(SYS_pidfd_open, ::getpid(), 0)));
    const int host_fd = check_fd(host);
    if (!send(channel_.get(), start.plan, {&host_fd, 1})) {
      check(-1, "telling a new container what to be", ErrorCode::sandbox_unavailable);
    }
  } catch (...) {
    kill();
    reap();
    throw;
  }
}

InitProcess::~InitProcess() {
  kill();
  reap();
}

void InitProcess::spawn(const InitImage& image, const InitStart& start) {
  int pair[2];
  check(::socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair), "making a channel to a container");
  channel_.reset(pair[0]);
  const UniqueFd theirs(pair[1]);
  const int fds[] = {theirs.get()};

  int pidfd = -1;
  SpawnRequest request{};
  request.image = image.fd();
  request.fds = fds;
  request.first_target = control_fd;
  request.namespaces = namespaces(start.plan.removed_layers);
  request.cgroup = start.cgroup;
  request.close_others = !has(start.plan.removed_layers, Layer::descriptors);
  const long pid = spawn_with_namespaces(request, pidfd);
  if (pid < 0) {
    throw Error(ErrorCode::sandbox_unavailable,
                "starting a container in new namespaces: " + errno_text(static_cast<int>(-pid)) + "; " +
                    namespace_remedy(static_cast<int>(-pid)));
  }
  pid_ = static_cast<pid_t>(pid);
  pidfd_.reset(pidfd);
}

void InitProcess::map_ids(const InitStart& start) const {
  // An ordinary user may map one group only after giving up setgroups(2): user_namespaces(7).
  if (!start.privileged) write_proc(pid_, "setgroups", "deny");
  write_proc(pid_, "uid_map", std::to_string(guest_id) + " " + std::to_string(start.host_uid) + " 1");
  write_proc(pid_, "gid_map", std::to_string(guest_id) + " " + std::to_string(start.host_gid) + " 1");
}

void InitProcess::wait_until_ready() {
  Report report{};
  int workspace = -1;
  const bool heard = receive(channel_.get(), report, {&workspace, 1}, ready_timeout_ms);
  workspace_.reset(workspace);
  landlock_abi_ = report.landlock_abi;
  if (heard && report.event == Event::failed) throw_step_failed(report);
  if (heard && report.event == Event::ready && workspace_) return;
  throw Error(
      ErrorCode::sandbox_unavailable,
      !heard && errno == ETIMEDOUT
          ? "a new container was not ready after 20 s; is this host overloaded?"
          : "a new container ended before it was ready; was it killed from outside, or is there no memory left?");
}

bool InitProcess::order(Order order) noexcept { return send(channel_.get(), order); }

void InitProcess::kill() noexcept {
  if (pid_ > 0) send_signal(pidfd_.get(), SIGKILL);
}

void InitProcess::reap() noexcept {
  if (pid_ <= 0) return;
  siginfo_t info{};
  // ECHILD: somebody else in this process was faster; dead it is all the same.
  while (::waitid(static_cast<idtype_t>(P_PIDFD), static_cast<id_t>(pidfd_.get()), &info, WEXITED | __WALL) < 0 &&
         errno == EINTR) {
  }
  pid_ = -1;
}

void throw_step_failed(const Report& report) {
  const StepText text = text_of(report.step);
  throw Error(ErrorCode::sandbox_unavailable,
              std::string("this host cannot ") + text.what + ": " + errno_text(report.error) + "; " + text.remedy);
}

}  // namespace pysandbox::container
