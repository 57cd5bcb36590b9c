#include "oci/bundle.hpp"

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>

#include "container/launch_plan.hpp"
#include "container/steward.hpp"
#include "oci/seccomp_profile.hpp"
#include "wire/json_document.hpp"

namespace pysandbox::oci {
namespace {

namespace json = boost::json;
using container::guest_id;

constexpr std::uint64_t cpu_period = 100'000;  // microseconds

json::array words(std::initializer_list<const char*> list) {
  json::array array;
  for (const char* word : list) array.emplace_back(word);
  return array;
}

json::object mount(const std::string& place, const char* type, const std::string& source, json::array options) {
  return {{"destination", place}, {"type", type}, {"source", source}, {"options", std::move(options)}};
}

json::object bind_mount(const std::string& source, const std::string& place, json::array options) {
  return mount(place, "bind", source, std::move(options));
}

// gVisor makes its own /proc and /dev, and knows none of the options.
json::object mount_of_proc(RuntimeKind runtime) {
  if (runtime == RuntimeKind::runsc) return mount("/proc", "proc", "proc", words({"nosuid", "nodev", "noexec"}));
  return mount("/proc", "proc", "proc", words({"nosuid", "nodev", "noexec", "subset=pid", "hidepid=invisible"}));
}

// Named semaphores are files in /dev/shm that processes map and wait on. On a file of the host's gVisor wakes no waiter
// of another process, and a pool of spawned workers hangs when it ends: so there it is a tmpfs of gVisor's own, with
// the same quota again.
json::object mount_of_shm(const Bundle& bundle, RuntimeKind runtime) {
  if (runtime != RuntimeKind::runsc) {
    return bind_mount(bundle.space + "/shm", "/dev/shm", words({"bind", "nosuid", "nodev", "noexec"}));
  }
  json::array options = words({"nosuid", "nodev", "noexec", "mode=1777"});
  options.emplace_back("size=" + std::to_string(bundle.limits.workspace_bytes));
  return mount("/dev/shm", "tmpfs", "tmpfs", std::move(options));
}

json::array mounts_of(const Bundle& bundle, RuntimeKind runtime) {
  json::array mounts;
  mounts.push_back(mount_of_proc(runtime));
  mounts.push_back(mount("/dev", "tmpfs", "tmpfs", words({"nosuid", "noexec", "mode=755", "size=64k"})));
  for (const Shown& shown : bundle.shown) {
    mounts.push_back(bind_mount(shown.source, shown.place, words({"bind", "ro", "nosuid", "nodev"})));
  }
  if (!bundle.environment.empty()) {
    mounts.push_back(bind_mount(bundle.environment, "/environment", words({"bind", "ro", "nosuid", "nodev"})));
  }
  mounts.push_back(bind_mount(bundle.space + "/workspace", "/workspace", words({"bind", "nosuid", "nodev"})));
  mounts.push_back(bind_mount(bundle.space + "/data", "/data", words({"bind", "ro", "nosuid", "nodev", "noexec"})));
  mounts.push_back(bind_mount(bundle.space + "/tmp", "/tmp", words({"bind", "nosuid", "nodev", "noexec"})));
  mounts.push_back(mount_of_shm(bundle, runtime));
  mounts.push_back(
      bind_mount(bundle.space + "/report", "/run/pysandbox/report", words({"bind", "nosuid", "nodev", "noexec"})));
  mounts.push_back(bind_mount(bundle.steward, container::steward_path, words({"bind", "ro", "nosuid", "nodev"})));
  return mounts;
}

json::array ids(std::uint32_t guest, std::uint32_t root) {
  return {json::object{{"containerID", 0}, {"hostID", root}, {"size", 1}},
          json::object{{"containerID", guest_id}, {"hostID", guest}, {"size", 1}}};
}

// Those that the steward does not set for the program itself.
json::array rlimits() {
  json::array all;
  const auto add = [&](const char* name, std::uint64_t value) {
    all.push_back(json::object{{"type", name}, {"soft", value}, {"hard", value}});
  };
  add("RLIMIT_CORE", 0);
  add("RLIMIT_MSGQUEUE", 0);
  add("RLIMIT_SIGPENDING", 128);
  add("RLIMIT_RTPRIO", 0);
  add("RLIMIT_NICE", 0);
  return all;
}

json::object process() {
  const auto none = json::array();
  return {{"terminal", false},
          {"user", json::object{{"uid", guest_id}, {"gid", guest_id}}},
          {"args", json::array{container::steward_path}},
          {"env", json::array{}},
          {"cwd", "/"},
          {"capabilities",
           json::object{
               {"bounding", none}, {"effective", none}, {"inheritable", none}, {"permitted", none}, {"ambient", none}}},
          {"rlimits", rlimits()},
          {"noNewPrivileges", true}};
}

json::object resources(const Bundle& bundle) {
  json::object memory{{"limit", bundle.limits.memory_bytes}};
  if (bundle.counts_swap) memory["swap"] = bundle.limits.memory_bytes;
  return {{"memory", std::move(memory)},
          {"pids", json::object{{"limit", bundle.limits.processes + 1}}},
          {"cpu", json::object{{"period", cpu_period},
                               {"quota", static_cast<std::uint64_t>(bundle.limits.cpus * cpu_period)}}},
          {"devices", json::array{json::object{{"allow", false}, {"access", "rwm"}}}}};
}

json::array namespaces(RuntimeKind runtime) {
  json::array all;
  for (const char* type : {"user", "mount", "pid", "network", "ipc", "uts"})
    all.push_back(json::object{{"type", type}});
  if (runtime != RuntimeKind::runsc) all.push_back(json::object{{"type", "cgroup"}});
  return all;
}

json::object linux_part(const Bundle& bundle, RuntimeKind runtime) {
  return {{"uidMappings", ids(bundle.guest_uid, bundle.root_uid)},
          {"gidMappings", ids(bundle.guest_uid, bundle.root_uid)},
          {"cgroupsPath", bundle.cgroup_path},
          {"resources", resources(bundle)},
          {"namespaces", namespaces(runtime)},
          {"seccomp", seccomp_profile(runtime)},
          {"maskedPaths",
           words({"/proc/acpi", "/proc/asound", "/proc/kcore", "/proc/keys", "/proc/latency_stats", "/proc/timer_list",
                  "/proc/timer_stats", "/proc/sched_debug", "/proc/scsi", "/sys/firmware"})},
          {"readonlyPaths", words({"/proc/bus", "/proc/fs", "/proc/irq", "/proc/sys", "/proc/sysrq-trigger"})}};
}

}  // namespace

std::string bundle_config(const Bundle& bundle, RuntimeKind runtime) {
  return write_json(json::object{{"ociVersion", "1.0.2"},
                                 {"process", process()},
                                 {"root", json::object{{"path", "rootfs"}, {"readonly", true}}},
                                 {"hostname", "sandbox"},
                                 {"mounts", mounts_of(bundle, runtime)},
                                 {"linux", linux_part(bundle, runtime)}},
                    JsonStyle::indented);
}

}  // namespace pysandbox::oci
