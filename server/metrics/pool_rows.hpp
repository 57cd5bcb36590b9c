// What the pool of parked containers adds to the metrics.
#pragma once

#include <prometheus/registry.h>

#include <memory>

#include <pysandbox/pool.hpp>

namespace pysandbox::server {

// Threads: one at a time.
class PoolRows {
 public:
  explicit PoolRows(prometheus::Registry& registry);
  ~PoolRows();

  void set(const PoolUsage& now);

 private:
  struct Families;
  std::unique_ptr<Families> families_;
};

}  // namespace pysandbox::server
