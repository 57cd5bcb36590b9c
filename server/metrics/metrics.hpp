// What the server counts, as Prometheus reads it.
#pragma once

#include <chrono>
#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include <pysandbox/job_store.hpp>
#include <pysandbox/sandbox.hpp>

namespace pysandbox::server {

// Threads: every method may be called from any.
class Metrics {
 public:
  Metrics();
  ~Metrics();

  void record(const SandboxEvent& event);

  // `route` is the pattern, never a path with ids, so that there are few series; empty for a path that there is not.
  void answered(std::string_view method, std::string_view route, int status, std::chrono::microseconds took);

  // What is so at this moment.
  struct Now {
    std::optional<JobCounts> jobs{};  // of the whole store, whoever serves it; nothing if it cannot be asked
    unsigned workers = 0;
    std::size_t connections = 0;
    std::optional<PoolUsage> pool{};  // nothing: there is none, and no rows of it
  };

  // In the text exposition format 0.0.4.
  std::string text(const Now& now);

 private:
  struct Families;
  std::unique_ptr<Families> families_;
};

}  // namespace pysandbox::server
