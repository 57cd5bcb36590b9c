// The OCI ContainerRunner: what has to be found on this host before the first container, and what it can enforce.
#include <pysandbox/oci_runner.hpp>

#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <mutex>
#include <optional>

#include <pysandbox/error.hpp>

#include "oci/dead_containers.hpp"
#include "oci/known_flaws.hpp"
#include "oci/oci_container.hpp"
#include "support/in_quotes.hpp"
#include "support/syscall.hpp"

namespace pysandbox::oci {
namespace {

using Level = HostFinding::Level;

constexpr std::size_t longest_path = 4'095;

[[noreturn]] void refuse(const std::string& sentence) { throw Error(ErrorCode::sandbox_unavailable, sentence); }

// A folder of ours alone that others may pass through: the roots of user namespaces must reach the bundles.
void make_folder(const std::string& path, mode_t mode) {
  if (::mkdir(path.c_str(), mode) != 0 && errno != EEXIST) {
    check(-1, "making " + path + " for the state of containers", ErrorCode::sandbox_unavailable);
  }
  struct stat status {};
  check(::lstat(path.c_str(), &status), "looking at " + path, ErrorCode::sandbox_unavailable);
  if (!S_ISDIR(status.st_mode) || status.st_uid != ::geteuid() || (status.st_mode & 022) != 0) {
    refuse(path +
           " must be a folder that only root can write; remove it, or name another one as "
           "OciRunnerOptions::state_directory");
  }
  check(::chmod(path.c_str(), mode), "opening " + path, ErrorCode::sandbox_unavailable);
}

// The root of a user namespace has no power over other folders than its own.
void check_way_to(const std::string& path) {
  for (auto slash = path.find('/', 1); slash != std::string::npos; slash = path.find('/', slash + 1)) {
    struct stat status {};
    const std::string folder = path.substr(0, slash);
    if (::stat(folder.c_str(), &status) != 0 || (status.st_mode & S_IXOTH) != 0) continue;
    refuse("the folder " + folder + " is closed to others, so that containers below it cannot be made; open it " +
           "(chmod o+x), or name another OciRunnerOptions::state_directory");
  }
}

std::string name_of(RuntimeKind kind) {
  return kind == RuntimeKind::runc ? "runc" : kind == RuntimeKind::crun ? "crun" : "runsc";
}

NativeRunnerOptions slots_of(const OciRunnerOptions& options, const std::string& state) {
  NativeRunnerOptions slots;
  slots.first_uid = options.first_uid;
  slots.uid_count = options.uid_count;
  slots.state_directory = state;
  return slots;
}

class OciRunner final : public ContainerRunner {
 public:
  explicit OciRunner(OciRunnerOptions options) : options_(std::move(options)) {}

  std::string_view name() const override { return "oci"; }

  std::unique_ptr<Container> open(const ContainerSpec& spec) override {
    check_limits(spec.limits);
    check_environment(spec.environment_directory);
    prepare_once();
    if (spec.minimum_isolation == MinimumIsolation::vm_like && !parts_->runtime.is_vm_like()) {
      refuse("the job asks for a kernel of its own, and " + parts_->runtime.text() +
             " shares the host's; use the runtime runsc");
    }
    bury_the_dead(*parts_);
    return make_oci_container(*parts_, spec);
  }

  std::vector<HostFinding> check() override {
    std::vector<HostFinding> findings;
    findings.push_back(check_root());
    try {
      const Runtime runtime = find_runtime(options_.runtime, launcher_);
      findings.push_back({"OCI runtime", Level::pass, runtime.text() + " at " + runtime.path, ""});
      for (const auto& sentence : known_flaws(runtime)) {
        findings.push_back({"known flaws", Level::weaker, sentence, "upgrade " + name_of(runtime.kind)});
      }
      findings.push_back(check_boundary(runtime));
    } catch (const Error& error) {
      findings.push_back({"OCI runtime", Level::missing, error.what(), "install runc, or name another runtime"});
    }
    findings.push_back(check_cgroup());
    return findings;
  }

 private:
  static void check_environment(const std::string& directory) {
    if (directory.empty() || (directory.front() == '/' && directory.size() <= longest_path)) return;
    throw Error(ErrorCode::invalid_request, "environment_directory must be an absolute path of at most 4095 bytes");
  }

  static HostFinding check_root() {
    if (::geteuid() == 0) return {"root", Level::pass, "started by root", ""};
    return {"root", Level::missing, "only root can use the oci runner", "run as root, or use the native runner"};
  }

  static HostFinding check_boundary(const Runtime& runtime) {
    if (runtime.is_vm_like()) {
      return {"boundary", Level::pass, "vm_like: programs call gVisor's kernel, which calls little of the host's", ""};
    }
    return {"boundary", Level::pass,
            "process: programs call the host's kernel through a filter, as in the native runner", ""};
  }

  HostFinding check_cgroup() const {
    const auto found = container::find_cgroup_tree(cgroup_parent());
    if (found.tree) return {"cgroup", Level::pass, found.tree->version() + " at " + found.tree->place(), ""};
    return {"cgroup", Level::missing, found.obstacle, found.remedy};
  }

  std::string cgroup_parent() const { return options_.cgroup_parent.empty() ? "/" : options_.cgroup_parent; }

  void prepare_once() {
    const std::lock_guard lock(mutex_);
    if (parts_) return;
    if (::geteuid() != 0) refuse("only root can use the oci runner; run as root, or use the native runner");
    Runtime runtime = find_runtime(options_.runtime, launcher_);
    cgroups_ = container::find_cgroup_tree(cgroup_parent());
    if (!cgroups_.tree) refuse("the oci runner needs cgroups, but " + cgroups_.obstacle + "; " + cgroups_.remedy);
    const std::string state = options_.state_directory.empty() ? "/run/pysandbox-oci" : options_.state_directory;
    make_folder(state, 0711);
    check_way_to(state + "/bundle");
    make_folder(state + "/bundle", 0711);
    const std::string runtime_state = state + "/" + name_of(runtime.kind);
    make_folder(runtime_state, 0700);
    slots_.emplace(slots_of(options_, state));
    std::vector<std::string> flaws = known_flaws(runtime);
    const std::string parent = cgroup_parent() == "/" ? "" : cgroup_parent();
    parts_.emplace(OciParts{options_, std::move(runtime), std::move(flaws), *cgroups_.tree, *slots_,
                            parent + "/" + container::cgroup_parent_name, runtime_state, state + "/bundle", launcher_});
  }

  OciRunnerOptions options_;
  std::mutex mutex_;  // held while prepare_once() makes what does not change after
  HostLauncher launcher_;
  container::CgroupDiscovery cgroups_;
  std::optional<container::SlotTable> slots_;
  std::optional<OciParts> parts_;  // the last that prepare_once() makes
};

void check_options(const OciRunnerOptions& options) {
  const auto refuse_option = [](const std::string& sentence) { throw Error(ErrorCode::invalid_request, sentence); };
  if (options.runtime.empty() || (options.runtime.find('/') != std::string::npos && options.runtime.front() != '/')) {
    refuse_option("runtime must be a name such as runc, or an absolute path, not " + in_quotes(options.runtime));
  }
  if (options.python.empty() || options.python.front() != '/') {
    refuse_option("python must be an absolute path, not " + in_quotes(options.python));
  }
  if (options.rootfs.size() > longest_path || (!options.rootfs.empty() && options.rootfs.front() != '/')) {
    refuse_option("rootfs must be an absolute path of at most 4095 bytes");
  }
  if (!options.cgroup_parent.empty() && options.cgroup_parent.front() != '/') {
    refuse_option("cgroup_parent must be a path from the root of the hierarchy; the oci runner cannot go without");
  }
  if (options.uid_count == 0 || options.first_uid < 1000 || options.uid_count > 0x7fffffffu ||
      options.first_uid > 0xfffffff0u - 2 * options.uid_count) {
    refuse_option("first_uid and uid_count must name two ranges of user ids above 1000, one behind the other");
  }
}

}  // namespace
}  // namespace pysandbox::oci

namespace pysandbox {

std::unique_ptr<ContainerRunner> make_oci_runner(const OciRunnerOptions& options) {
  oci::check_options(options);
  return std::make_unique<oci::OciRunner>(options);
}

}  // namespace pysandbox
