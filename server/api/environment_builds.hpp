// Environments that are being made because somebody asked for them, without a job.
#pragma once

#include <cstddef>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <stop_token>
#include <string>
#include <thread>
#include <variant>
#include <vector>

#include <pysandbox/environment_store.hpp>
#include <pysandbox/error.hpp>

#include "http/application.hpp"

namespace pysandbox::api {

// One of them. Threads: any.
class EnvironmentBuild {
 public:
  explicit EnvironmentBuild(EnvironmentRequest request) : request_(std::move(request)) {}

  const EnvironmentRequest& request() const noexcept { return request_; }

  // Nothing as long as it goes on.
  std::optional<std::variant<Environment, Error>> end() const;
  std::string progress() const;

  // Wakes whoever subscribed, when it has ended.
  http::Subscribe subscription(const std::shared_ptr<EnvironmentBuild>& self);

  void make(EnvironmentStore& store, const std::stop_token& stop);

 private:
  void finish(std::variant<Environment, Error> end);

  const EnvironmentRequest request_;
  mutable std::mutex mutex_;  // guards all that follows
  std::optional<std::variant<Environment, Error>> end_;
  std::string progress_;
  std::vector<std::weak_ptr<http::Wake>> listeners_;
};

// Each has a thread. The destructor stops what is being made.
class EnvironmentBuilds {
 public:
  // `store` may be null: then begin() must not be called.
  explicit EnvironmentBuilds(EnvironmentStore* store) : store_(store) {}

  // The one that is being made for `request` already, or a new one. Throws Error{overloaded} if too many are.
  std::shared_ptr<EnvironmentBuild> begin(const EnvironmentRequest& request);

 private:
  struct Running {
    std::shared_ptr<EnvironmentBuild> build;
    std::jthread thread;
  };

  EnvironmentStore* store_;
  std::mutex mutex_;  // guards the running
  std::vector<Running> running_;
};

}  // namespace pysandbox::api
