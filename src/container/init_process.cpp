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
extern const std::byte pysandbox_zygote_image_begin[];
extern const std::byte pysandbox_zygote_image_end[];
}

namespace pysandbox::container {
namespace {

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

// Lines of an id map: "inside outside count". No id of the host's can be in it twice.
std::string ids_of_others(const InitStart& start) {
  if (start.parked_uid_count == 0) return {};
  const std::uint32_t own = start.host_uid - start.first_parked_uid;
  const auto line = [&](std::uint32_t first, std::uint32_t count) {
    if (count == 0) return std::string();
    return "\n" + std::to_string(first_parked_id + first) + " " + std::to_string(start.first_parked_uid + first) + " " +
           std::to_string(count);
  };
  return line(0, own) + line(own + 1, start.parked_uid_count - own - 1);
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

std::span<const std::byte> InitImage::zygote_library() noexcept {
  return {pysandbox_zygote_image_begin, pysandbox_zygote_image_end};
}

InitProcess::InitProcess(const InitImage& image, const InitStart& start) {
  spawn(image, start);
  try {
    map_ids(start);
    tell(start.plan, {});
  } catch (...) {
    kill();
    reap();
    throw;
  }
}

InitProcess::InitProcess(ForkedInit forked) noexcept
    : pid_(forked.pid), is_child_(false), pidfd_(std::move(forked.pidfd)), channel_(std::move(forked.channel)) {}

void InitProcess::tell(const ContainerPlan& plan, std::span<const UniqueFd> cgroup_files) const {
  const UniqueFd host(static_cast<int>(::syscall(SYS_pidfd_open, ::getpid(), 0)));
  std::vector<int> fds{check_fd(host)};
  for (const auto& file : cgroup_files) fds.push_back(file.get());
  if (!send(channel_.get(), plan, fds)) {
    check(-1, "telling a new container what to be", ErrorCode::sandbox_unavailable);
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
  const std::string others = ids_of_others(start);
  write_proc(pid_, "uid_map", std::to_string(guest_id) + " " + std::to_string(start.host_uid) + " 1" + others);
  write_proc(pid_, "gid_map", std::to_string(guest_id) + " " + std::to_string(start.host_gid) + " 1" + others);
}

void InitProcess::wait_until_ready(std::chrono::milliseconds patience) {
  Report report{};
  int workspace = -1;
  const bool heard = receive(channel_.get(), report, {&workspace, 1}, static_cast<int>(patience.count()));
  workspace_.reset(workspace);
  landlock_abi_ = report.landlock_abi;
  if (heard && report.event == Event::failed) throw_step_failed(report);
  if (heard && report.event == Event::ready && workspace_) return;
  throw Error(
      ErrorCode::sandbox_unavailable,
      !heard && errno == ETIMEDOUT
          ? "a new container was not ready after " + std::to_string(patience.count()) + " ms; is this host overloaded?"
          : "a new container ended before it was ready; was it killed from outside, or is there no memory left?");
}

void InitProcess::wait_until_parked(std::chrono::milliseconds patience) {
  Report report{};
  const bool heard = receive(channel_.get(), report, {}, static_cast<int>(patience.count()));
  if (heard && report.event == Event::failed) throw_step_failed(report);
  if (heard && report.event == Event::parked) return;
  throw Error(ErrorCode::sandbox_unavailable, "an interpreter could not be parked; is there no memory left?");
}

bool InitProcess::is_alive() const noexcept {
  pollfd entry{pidfd_.get(), POLLIN, 0};
  return pid_ > 0 && ::poll(&entry, 1, 0) == 0;
}

bool InitProcess::hear(Report& report) { return receive(channel_.get(), report); }

bool InitProcess::hear_rest(Report& report) { return receive(channel_.get(), report, {}, 0); }

bool InitProcess::order(Order order) noexcept { return send(channel_.get(), order); }

void InitProcess::kill() noexcept {
  if (pid_ > 0) send_signal(pidfd_.get(), SIGKILL);
}

void InitProcess::reap() noexcept {
  if (pid_ <= 0) return;
  pollfd entry{pidfd_.get(), POLLIN, 0};
  while (!is_child_ && ::poll(&entry, 1, -1) < 0 && errno == EINTR) {
  }
  siginfo_t info{};
  // ECHILD: somebody else in this process was faster; dead it is all the same.
  while (is_child_ &&
         ::waitid(static_cast<idtype_t>(P_PIDFD), static_cast<id_t>(pidfd_.get()), &info, WEXITED | __WALL) < 0 &&
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
