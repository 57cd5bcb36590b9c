#include "environments.hpp"

#include <unistd.h>

#include <cstdlib>
#include <utility>

#include <pysandbox/error.hpp>

namespace pysandbox::cli {

#ifdef PYSANDBOX_WITH_ENVIRONMENTS
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
#endif

std::string default_environment_directory() {
  const std::string name = "/pysandbox/environments";
  if (::geteuid() == 0) return "/var/cache" + name;
  if (const char* cache = std::getenv("XDG_CACHE_HOME"); cache != nullptr && *cache == '/') return cache + name;
  if (const char* home = std::getenv("HOME"); home != nullptr && *home == '/') return home + ("/.cache" + name);
  throw Error(ErrorCode::invalid_request,
              "there is no place for packages: HOME is not set; say where with --environment-store");
}

std::unique_ptr<EnvironmentStore> open_environments(const EnvironmentWords& words, ContainerRunner& builder,
                                                    std::function<void()> ready) {
#ifdef PYSANDBOX_WITH_ENVIRONMENTS
  const std::string directory = words.directory.empty() ? default_environment_directory() : words.directory;
  return std::make_unique<AnnouncingStore>(open_environment_store(directory, builder, words.options), std::move(ready));
#else
  static_cast<void>(ready);
  static_cast<void>(words);
  static_cast<void>(builder);
  throw Error(ErrorCode::invalid_request,
              "this pysandbox was built without packages; run it without them, or build it with the component "
              "environments");
#endif
}

}  // namespace pysandbox::cli
