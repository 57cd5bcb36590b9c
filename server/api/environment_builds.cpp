#include "api/environment_builds.hpp"

#include <algorithm>
#include <utility>

namespace pysandbox::api {
namespace {

constexpr std::size_t most_builds = 4;  // at a time; jobs that wait for their own are not counted

}  // namespace

std::optional<std::variant<Environment, Error>> EnvironmentBuild::end() const {
  const std::lock_guard lock(mutex_);
  return end_;
}

std::string EnvironmentBuild::progress() const {
  const std::lock_guard lock(mutex_);
  return progress_;
}

http::Subscribe EnvironmentBuild::subscription(const std::shared_ptr<EnvironmentBuild>& self) {
  return [self](http::Wake wake) -> std::shared_ptr<void> {
    auto listener = std::make_shared<http::Wake>(std::move(wake));
    const std::lock_guard lock(self->mutex_);
    self->listeners_.push_back(listener);
    return listener;
  };
}

void EnvironmentBuild::make(EnvironmentStore& store, const std::stop_token& stop) {
  const EnvironmentProgress hear = [this](std::string_view sentence) {
    const std::lock_guard lock(mutex_);
    progress_ = sentence;
  };
  try {
    finish(*store.prepare(request_, hear, stop));
  } catch (const Error& error) {
    finish(error);
  } catch (const std::exception& error) {
    finish(Error(ErrorCode::internal, error.what()));
  }
}

void EnvironmentBuild::finish(std::variant<Environment, Error> end) {
  std::vector<std::weak_ptr<http::Wake>> listeners;
  {
    const std::lock_guard lock(mutex_);
    end_ = std::move(end);
    listeners.swap(listeners_);
  }
  for (const auto& listener : listeners) {
    if (const auto wake = listener.lock()) (*wake)();
  }
}

std::shared_ptr<EnvironmentBuild> EnvironmentBuilds::begin(const EnvironmentRequest& request) {
  const std::lock_guard lock(mutex_);
  std::erase_if(running_, [](const Running& running) { return running.build->end().has_value(); });
  const auto same = std::find_if(running_.begin(), running_.end(),
                                 [&](const Running& running) { return running.build->request() == request; });
  if (same != running_.end()) return same->build;
  if (running_.size() >= most_builds) {
    throw Error(ErrorCode::overloaded, "Too many environments are being made; ask again later");
  }
  auto build = std::make_shared<EnvironmentBuild>(request);
  running_.push_back({build, std::jthread([this, build](const std::stop_token& stop) { build->make(*store_, stop); })});
  return build;
}

}  // namespace pysandbox::api
