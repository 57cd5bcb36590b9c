#include "support/weak_runner.hpp"

#include <filesystem>
#include <fstream>
#include <stdexcept>

#include "container/launch_plan.hpp"
#include "container/native_container.hpp"

extern "C" {
extern const std::byte pysandbox_weak_init_begin[];
extern const std::byte pysandbox_weak_init_end[];
}

namespace pysandbox::testing {
namespace {

using container::Layer;
namespace fs = std::filesystem;

constexpr std::pair<const char*, Layer> words[] = {
    {"seccomp", Layer::seccomp},
    {"landlock", Layer::landlock},
    {"root", Layer::root},
    {"proc", Layer::proc},
    {"dev", Layer::dev},
    {"capabilities", Layer::capabilities},
    {"no_new_privs", Layer::no_new_privs},
    {"net", Layer::net},
    {"ipc", Layer::ipc},
    {"uts", Layer::uts},
    {"rlimits", Layer::rlimits},
    {"cgroup", Layer::cgroup},
    {"environment", Layer::environment},
    {"descriptors", Layer::descriptors},
    {"workspace_quota", Layer::workspace_quota},
    {"harvest", Layer::harvest},
    {"identity", Layer::identity},
    {"user_namespaces", Layer::user_namespaces},
    {"readonly", Layer::readonly},
    {"nosuid", Layer::nosuid},
};

std::uint32_t layer_of(const std::string& word) {
  if (word == "none") return 0;
  for (const auto& [name, layer] : words) {
    if (word == name) return static_cast<std::uint32_t>(layer);
  }
  throw std::invalid_argument("no such layer: " + word);
}

class PathFile final : public OutputFile {
 public:
  PathFile(std::string path, const fs::path& place)
      : path_(std::move(path)), size_(fs::file_size(place)), file_(place, std::ios::binary) {}
  const std::string& path() const override { return path_; }
  std::uint64_t size() const override { return size_; }
  std::size_t read(std::span<std::byte> buffer) override {
    file_.read(reinterpret_cast<char*>(buffer.data()), static_cast<std::streamsize>(buffer.size()));
    return static_cast<std::size_t>(file_.gcount());
  }

 private:
  std::string path_;
  std::uint64_t size_;
  std::ifstream file_;
};

// Collects as many services did before they had a CVE for it.
class NaiveHarvest final : public Container {
 public:
  explicit NaiveHarvest(std::unique_ptr<Container> inner) : inner_(std::move(inner)) {}

  RunResult run(const Program& program, const OutputSink& sink) override { return inner_->run(program, sink); }
  void stop() noexcept override { inner_->stop(); }

  void collect(RunResult&, const std::function<void(OutputFile&)>& take) override {
    const auto& holder = dynamic_cast<const container::WorkspaceHolder&>(*inner_);
    const fs::path top = "/proc/self/fd/" + std::to_string(holder.workspace_directory()) + "/workspace";
    constexpr auto options =
        fs::directory_options::follow_directory_symlink | fs::directory_options::skip_permission_denied;
    for (const auto& entry : fs::recursive_directory_iterator(top, options)) {
      if (!entry.is_regular_file()) continue;
      PathFile file(entry.path().lexically_relative(top).string(), entry.path());
      take(file);
    }
  }

 private:
  std::unique_ptr<Container> inner_;
};

class WeakRunner final : public ContainerRunner {
 public:
  explicit WeakRunner(std::uint32_t layers)
      : layers_(layers),
        inner_(container::make_runner({}, {pysandbox_weak_init_begin, pysandbox_weak_init_end},
                                      layers & ~static_cast<std::uint32_t>(Layer::harvest))) {}

  std::string_view name() const override { return "weak"; }
  std::vector<HostFinding> check() override { return inner_->check(); }

  std::unique_ptr<Container> open(const ContainerSpec& spec) override {
    auto container = inner_->open(spec);
    if (container::has(layers_, Layer::harvest)) return std::make_unique<NaiveHarvest>(std::move(container));
    return container;
  }

 private:
  std::uint32_t layers_;
  std::unique_ptr<ContainerRunner> inner_;
};

}  // namespace

std::unique_ptr<ContainerRunner> make_weak_runner(const std::vector<std::string>& layers) {
  std::uint32_t removed = 0;
  for (const auto& word : layers) removed |= layer_of(word);
  return std::make_unique<WeakRunner>(removed);
}

}  // namespace pysandbox::testing
