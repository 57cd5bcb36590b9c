#include "docker/container_shape.hpp"

#include <fmt/format.h>

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>

#include <algorithm>
#include <bit>
#include <cmath>

#include "wire/json_document.hpp"
#include "wire/seccomp_profile.hpp"

extern "C" {
extern const char pysandbox_keeper[];
}

namespace pysandbox::docker {
namespace {

namespace json = boost::json;

constexpr std::uint64_t own_bytes = 128 << 10;  // the report, and the directories that the keeper makes
constexpr std::uint64_t own_inodes = 16;
constexpr std::uint64_t smallest_step_bytes = 1 << 20;
constexpr std::uint64_t smallest_step_inodes = 128;
constexpr std::uint64_t largest_shm_bytes = 64 << 20;  // what engines give

// Threads of runc in the container's cgroup before it becomes process 1.
constexpr std::uint64_t runtime_threads = 64;

// All of /proc that is not about a process, and of /sys all but the container's own cgroup: masked, that is empty.
// Paths that a kernel has not are passed over (runtime-spec, config-linux.md, "Masked Paths").
constexpr const char* masked_paths[] = {
    "/proc/acpi",        "/proc/asound",      "/proc/bus",           "/proc/cmdline",
    "/proc/config.gz",   "/proc/cpuinfo",     "/proc/crypto",        "/proc/devices",
    "/proc/diskstats",   "/proc/dma",         "/proc/driver",        "/proc/fb",
    "/proc/filesystems", "/proc/fs",          "/proc/interrupts",    "/proc/iomem",
    "/proc/ioports",     "/proc/irq",         "/proc/kallsyms",      "/proc/kcore",
    "/proc/keys",        "/proc/key-users",   "/proc/kmsg",          "/proc/kpagecgroup",
    "/proc/kpagecount",  "/proc/kpageflags",  "/proc/latency_stats", "/proc/loadavg",
    "/proc/locks",       "/proc/mdstat",      "/proc/meminfo",       "/proc/misc",
    "/proc/modules",     "/proc/mtrr",        "/proc/partitions",    "/proc/pressure",
    "/proc/sched_debug", "/proc/schedstat",   "/proc/scsi",          "/proc/softirqs",
    "/proc/stat",        "/proc/swaps",       "/proc/sys",           "/proc/sysrq-trigger",
    "/proc/timer_list",  "/proc/timer_stats", "/proc/tty",           "/proc/uptime",
    "/proc/version",     "/proc/vmallocinfo", "/proc/vmstat",        "/proc/zoneinfo",
    "/sys/block",        "/sys/bus",          "/sys/class",          "/sys/dev",
    "/sys/devices",      "/sys/firmware",     "/sys/hypervisor",     "/sys/kernel",
    "/sys/module",       "/sys/power"};

struct HardLimit {
  const char* name;
  std::uint64_t value;
};

// The same for all programs. What differs the keeper sets.
constexpr HardLimit hard_limits[] = {{"core", 0},         {"memlock", 0}, {"msgqueue", 0},
                                     {"sigpending", 128}, {"rtprio", 0},  {"nice", 0}};

template <std::size_t count>
json::array array_of(const char* const (&texts)[count]) {
  json::array array;
  for (const char* text : texts) array.emplace_back(text);
  return array;
}

json::array ulimits() {
  json::array array;
  for (const auto& limit : hard_limits) {
    array.push_back(json::object{{"Name", limit.name}, {"Soft", limit.value}, {"Hard", limit.value}});
  }
  return array;
}

json::object tmpfs(const ContainerShape& shape, std::uint32_t user) {
  return {{"/workspace", fmt::format("rw,exec,nosuid,nodev,size={},nr_inodes={},mode=0755,uid={},gid={}",
                                     shape.workspace_bytes, shape.workspace_inodes, user, user)},
          {"/dev/shm", fmt::format("rw,noexec,nosuid,nodev,size={},nr_inodes={},mode=1777", shape.shm_bytes,
                                   shape.workspace_inodes)}};
}

json::array mounts(const ContainerShape& shape) {
  if (shape.environment_directory.empty()) return {};
  return {json::object{{"Type", "bind"},
                       {"Source", shape.environment_directory},
                       {"Target", "/environment"},
                       {"ReadOnly", true},
                       {"BindOptions", json::object{{"Propagation", "rprivate"}}}}};
}

json::object host_config(const ContainerShape& shape, const DockerRunnerOptions& options) {
  const std::uint64_t period = 100'000;
  const std::string filter = write_json(seccomp::strict_profile(), JsonStyle::compact);
  return {{"NetworkMode", "none"},
          {"IpcMode", "none"},  // with /dev/shm of our size in its place
          {"CgroupnsMode", "private"},
          {"ReadonlyRootfs", true},
          {"Tmpfs", tmpfs(shape, options.user_id)},
          {"Mounts", mounts(shape)},
          {"CapDrop", {"ALL"}},
          {"SecurityOpt", {"no-new-privileges", "seccomp=" + filter}},
          {"MaskedPaths", array_of(masked_paths)},
          {"ReadonlyPaths", json::array{}},  // all that are usual are masked
          {"Memory", shape.memory_bytes},
          {"MemorySwap", shape.memory_bytes},  // the sum: no swap
          {"PidsLimit", processes_at_start(shape)},
          {"CpuPeriod", period},
          {"CpuQuota", static_cast<std::uint64_t>(std::llround(shape.cpus * static_cast<double>(period)))},
          {"Ulimits", ulimits()},
          {"Init", false},
          {"AutoRemove", false},  // what ended badly must be looked at first
          {"RestartPolicy", json::object{{"Name", "no"}}},
          {"LogConfig", json::object{{"Type", "none"}}},
          // Else the engine would show the resolvers of its host.
          {"Dns", {"127.0.0.1"}},
          {"DnsSearch", {"."}}};
}

}  // namespace

ContainerShape shape_of(const ContainerSpec& spec, const container::InputNeed& inputs) {
  const Limits& limits = spec.limits;
  ContainerShape shape;
  shape.memory_bytes = limits.memory_bytes;
  shape.processes = limits.processes;
  shape.cpus = limits.cpus;
  shape.workspace_bytes =
      limits.workspace_bytes + std::bit_ceil(std::max(inputs.bytes + own_bytes, smallest_step_bytes));
  shape.workspace_inodes =
      limits.workspace_inodes + std::bit_ceil(std::max(inputs.inodes + own_inodes, smallest_step_inodes));
  shape.shm_bytes = std::min(largest_shm_bytes, limits.workspace_bytes / 4);
  shape.environment_directory = spec.environment_directory;
  return shape;
}

std::uint64_t processes_when_started(const ContainerShape& shape) noexcept { return shape.processes + 1; }

std::uint64_t processes_at_start(const ContainerShape& shape) noexcept {
  return std::max(processes_when_started(shape), runtime_threads);
}

std::string creation_json(const ContainerShape& shape, const DockerRunnerOptions& options,
                          const std::string& runner_id) {
  const std::string user = std::to_string(options.user_id);
  const json::object what{{"Image", options.image},
                          {"Hostname", "sandbox"},
                          {"User", user + ":" + user},
                          {"WorkingDir", "/"},
                          {"Entrypoint", {"/usr/bin/pysandbox-keeper"}},
                          {"Cmd", {"-IS", "-c", pysandbox_keeper}},
                          {"Env", {"LANG=C.UTF-8"}},
                          {"Labels", json::object{{runner_label, runner_id}}},
                          {"OpenStdin", true},
                          {"StdinOnce", true},  // when we die, the keeper reads the end and dies too
                          {"AttachStdin", true},
                          {"AttachStdout", true},
                          {"AttachStderr", true},
                          {"StopSignal", "SIGKILL"},  // the keeper hears no other
                          {"NetworkDisabled", true},
                          {"Healthcheck", json::object{{"Test", {"NONE"}}}},
                          {"HostConfig", host_config(shape, options)}};
  return write_json(what, JsonStyle::compact);
}

}  // namespace pysandbox::docker
