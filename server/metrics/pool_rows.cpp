#include "metrics/pool_rows.hpp"

#include <prometheus/counter.h>
#include <prometheus/gauge.h>

namespace pysandbox::server {
namespace {

using prometheus::Counter;
using prometheus::Family;
using prometheus::Gauge;

Gauge& gauge(prometheus::Registry& registry, const char* name, const char* help) {
  return prometheus::BuildGauge().Name(name).Help(help).Register(registry).Add({});
}

Counter& counter(prometheus::Registry& registry, const char* name, const char* help) {
  return prometheus::BuildCounter().Name(name).Help(help).Register(registry).Add({});
}

// The pool counts by itself.
void advance(Counter& counter, std::uint64_t to) { counter.Increment(static_cast<double>(to) - counter.Value()); }

}  // namespace

struct PoolRows::Families {
  explicit Families(prometheus::Registry& registry)
      : minimum(
            gauge(registry, "pysandbox_pool_min", "The fewest containers that are kept parked, in each environment")),
        maximum(gauge(registry, "pysandbox_pool_max", "The most containers that are kept parked, in each environment")),
        memory(gauge(registry, "pysandbox_pool_memory_budget_bytes", "What all parked containers may use together")),
        rotate_programs(
            gauge(registry, "pysandbox_pool_rotate_after_programs", "Programs after which a zygote is replaced")),
        rotate_seconds(gauge(registry, "pysandbox_pool_rotate_after_seconds", "Time after which a zygote is replaced")),
        environments(gauge(registry, "pysandbox_pool_environments", "Environments that are in use")),
        zygotes(gauge(registry, "pysandbox_pool_zygotes", "Of these, those with an interpreter that can be forked")),
        parked(gauge(registry, "pysandbox_pool_parked", "Containers that wait for programs")),
        parked_bytes(gauge(registry, "pysandbox_pool_parked_bytes", "What they use, as measured on some of them")),
        arrivals(gauge(registry, "pysandbox_pool_arrivals_per_second", "Programs that came lately")),
        zygotes_started(counter(registry, "pysandbox_pool_zygotes_started_total", "Zygotes that were started")),
        failures(counter(registry, "pysandbox_pool_failures_total",
                         "Zygotes and parked containers that could not be made or died before their program")),
        starts(prometheus::BuildCounter()
                   .Name("pysandbox_starts_total")
                   .Help("Programs by how their container was had: parked, forked on demand, cold, fresh as asked for")
                   .Register(registry)),
        parked_starts(starts.Add({{"start", "parked"}})),
        on_demand_starts(starts.Add({{"start", "on_demand"}})),
        cold_starts(starts.Add({{"start", "cold"}})),
        fresh_starts(starts.Add({{"start", "fresh"}})) {}

  Gauge &minimum, &maximum, &memory, &rotate_programs, &rotate_seconds;
  Gauge &environments, &zygotes, &parked, &parked_bytes, &arrivals;
  Counter &zygotes_started, &failures;
  Family<Counter>& starts;
  Counter &parked_starts, &on_demand_starts, &cold_starts, &fresh_starts;
};

PoolRows::PoolRows(prometheus::Registry& registry) : families_(std::make_unique<Families>(registry)) {}
PoolRows::~PoolRows() = default;

void PoolRows::set(const PoolUsage& now) {
  Families& rows = *families_;
  rows.minimum.Set(now.options.minimum);
  rows.maximum.Set(now.options.maximum);
  rows.memory.Set(static_cast<double>(now.options.memory_bytes));
  rows.rotate_programs.Set(now.options.rotate_after_programs);
  rows.rotate_seconds.Set(static_cast<double>(now.options.rotate_after.count()));
  rows.environments.Set(static_cast<double>(now.environments));
  rows.zygotes.Set(static_cast<double>(now.zygotes));
  rows.parked.Set(static_cast<double>(now.parked));
  rows.parked_bytes.Set(static_cast<double>(now.parked_bytes));
  rows.arrivals.Set(now.arrivals_per_second);
  advance(rows.zygotes_started, now.zygotes_started);
  advance(rows.failures, now.failures);
  advance(rows.parked_starts, now.parked_starts);
  advance(rows.on_demand_starts, now.on_demand_starts);
  advance(rows.cold_starts, now.cold_starts);
  advance(rows.fresh_starts, now.fresh_starts);
}

}  // namespace pysandbox::server
