#include "environments.hpp"

#include <utility>

#include "env_command.hpp"

namespace pysandbox::cli {
namespace {

class AnnouncingStore final : public EnvironmentStore {
 public:
  AnnouncingStore(std::unique_ptr<EnvironmentStore> store, std::function<void()> ready)
      : store_(std::move(store)), ready_(std::move(ready)) {}

  std::shared_ptr<const Environment> prepare(const EnvironmentRequest& request, const EnvironmentProgress& progress,
                                             std::stop_token stop) override {
    auto environment = store_->prepare(request, progress, std::move(stop));
    ready_();
    return environment;
  }
  std::vector<Environment> list() override { return store_->list(); }
  std::optional<Environment> find(const std::string& name) override { return store_->find(name); }
  std::uint64_t prune(std::uint64_t budget_bytes) override { return store_->prune(budget_bytes); }

 private:
  std::unique_ptr<EnvironmentStore> store_;
  std::function<void()> ready_;
};

}  // namespace

std::unique_ptr<EnvironmentStore> open_environments(const EnvironmentWords& words, ContainerRunner& builder,
                                                    std::function<void()> ready) {
  const std::string directory = words.directory.empty() ? default_environment_store() : words.directory;
  return std::make_unique<AnnouncingStore>(open_environment_store(directory, builder, words.options), std::move(ready));
}

}  // namespace pysandbox::cli
