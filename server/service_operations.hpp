// What the service tells about itself: health, readiness, what it can do, its numbers, its description.
#pragma once

#include <atomic>
#include <chrono>
#include <mutex>
#include <string>
#include <vector>

#include <pysandbox/sandbox.hpp>

#include "api/operations.hpp"
#include "http/listener.hpp"
#include "log.hpp"
#include "metrics/metrics.hpp"
#include "settings/settings.hpp"

namespace pysandbox::server {

struct OperationsParts {
  Sandbox& sandbox;
  Metrics& metrics;
  Log& log;
  JobLimits limits{};
  Isolation isolation{};  // what isolated the program that was run first
  unsigned workers = 0;
  std::string files_directory{};  // of the FileStore
};

class ServiceOperations final : public api::Operations {
 public:
  // What `parts` refers to must outlive it.
  explicit ServiceOperations(const OperationsParts& parts);

  // For the number of connections. The listener must outlive the requests that it takes.
  void listening(const http::Listener& listener) noexcept { listener_ = &listener; }

  // From now on it is not ready, so that balancers send nothing more.
  void draining() noexcept { draining_ = true; }

  http::Response health() override;
  http::Response ready() override;
  http::Response capabilities(const api::Caller& caller) override;
  http::Response metrics() override;
  http::Response openapi() override;
  void failed(const http::Request& request, const std::exception& error) override;
  void answered(const http::Request& request, int status, std::chrono::microseconds took) override;

 private:
  struct Check {
    std::string name;
    std::string problem;  // empty: all is well
  };
  std::vector<Check> checks();

  OperationsParts parts_;
  std::atomic<const http::Listener*> listener_{nullptr};
  std::atomic<bool> draining_{false};

  // Anybody may ask whether it is ready, as often as they like; the parts are asked once in a second.
  std::mutex mutex_;  // guards the two below
  std::chrono::steady_clock::time_point checked_at_{};
  std::vector<Check> checks_;
};

}  // namespace pysandbox::server
