#include "metrics/metrics.hpp"

#include <prometheus/counter.h>
#include <prometheus/family.h>
#include <prometheus/gauge.h>
#include <prometheus/histogram.h>
#include <prometheus/registry.h>
#include <prometheus/text_serializer.h>

#include <algorithm>
#include <array>
#include <limits>
#include <mutex>

#include <pysandbox/export.hpp>

#include "metrics/pool_rows.hpp"

namespace pysandbox::server {
namespace {

using prometheus::Counter;
using prometheus::Family;
using prometheus::Gauge;
using prometheus::Histogram;

const Histogram::BucketBoundaries request_seconds{0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1,
                                                  0.25,  0.5,    1,     2.5,  5,     10,   60};
const Histogram::BucketBoundaries job_seconds{0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1,
                                              2.5,   5,    10,    30,   60,  300,  1800};

double in_seconds(std::chrono::system_clock::duration duration) {
  return std::max(0.0, std::chrono::duration<double>(duration).count());
}

Gauge& gauge(prometheus::Registry& registry, const char* name, const char* help) {
  return prometheus::BuildGauge().Name(name).Help(help).Register(registry).Add({});
}

Histogram& histogram(prometheus::Registry& registry, const char* name, const char* help,
                     const Histogram::BucketBoundaries& buckets) {
  return prometheus::BuildHistogram().Name(name).Help(help).Register(registry).Add({}, buckets);
}

// A client can call its method anything; a series for each would be without bound.
std::string method_label(std::string_view method) {
  constexpr std::array known{"GET", "HEAD", "POST", "PUT", "DELETE", "OPTIONS", "PATCH"};
  return std::find(known.begin(), known.end(), method) != known.end() ? std::string(method) : "other";
}

}  // namespace

struct Metrics::Families {
  prometheus::Registry registry;

  Family<Counter>& jobs = prometheus::BuildCounter()
                              .Name("pysandbox_jobs_total")
                              .Help("Jobs that this server ended, by outcome")
                              .Register(registry);
  Histogram& run_seconds =
      histogram(registry, "pysandbox_job_run_seconds", "How long programs ran, by the wall clock", job_seconds);
  Histogram& wait_seconds = histogram(registry, "pysandbox_job_wait_seconds",
                                      "How long jobs waited from submission to their start", job_seconds);
  Counter& claims_lost = prometheus::BuildCounter()
                             .Name("pysandbox_claims_lost_total")
                             .Help("Attempts whose result was thrown away because the job was no longer this server's")
                             .Register(registry)
                             .Add({});
  Counter& troubles = prometheus::BuildCounter()
                          .Name("pysandbox_troubles_total")
                          .Help("What failed inside of the server and is tried again; the log says what")
                          .Register(registry)
                          .Add({});

  Gauge& queue_depth = gauge(registry, "pysandbox_queue_depth", "Jobs that wait, in the whole store");
  Gauge& running = gauge(registry, "pysandbox_jobs_running", "Jobs that run, in the whole store");
  Gauge& oldest_queued =
      gauge(registry, "pysandbox_oldest_queued_seconds", "How long the oldest waiting job has waited; 0 if none waits");
  Gauge& workers = gauge(registry, "pysandbox_workers", "Jobs that this server can run at one time");
  Gauge& connections = gauge(registry, "pysandbox_http_connections", "Connections that are open");

  Family<Counter>& requests = prometheus::BuildCounter()
                                  .Name("pysandbox_http_requests_total")
                                  .Help("Requests that were answered")
                                  .Register(registry);
  Histogram& request_time = histogram(registry, "pysandbox_http_request_seconds",
                                      "From the head of a request to the end of its answer", request_seconds);

  std::mutex mutex;
  std::optional<PoolRows> pool;
};

Metrics::Metrics() : families_(std::make_unique<Families>()) {
  prometheus::BuildGauge()
      .Name("pysandbox_build_info")
      .Help("Always 1; the labels say which build this is")
      .Register(families_->registry)
      .Add({{"version", std::string(version())}})
      .Set(1);
}

Metrics::~Metrics() = default;

void Metrics::record(const SandboxEvent& event) {
  const Job* job = event.job;
  switch (event.kind) {
    case SandboxEvent::Kind::started:
      if (job != nullptr && job->started_at) {
        families_->wait_seconds.Observe(in_seconds(*job->started_at - job->created_at));
      }
      break;
    case SandboxEvent::Kind::ended:
      if (job != nullptr && job->result) {
        families_->jobs.Add({{"outcome", std::string(to_string(job->result->outcome))}}).Increment();
        families_->run_seconds.Observe(in_seconds(job->result->usage.wall_time));
      }
      break;
    case SandboxEvent::Kind::lost:
      families_->claims_lost.Increment();
      break;
    case SandboxEvent::Kind::released:
      break;
    case SandboxEvent::Kind::trouble:
      families_->troubles.Increment();
      break;
  }
}

void Metrics::answered(std::string_view method, std::string_view route, int status, std::chrono::microseconds took) {
  families_->requests
      .Add({{"method", method_label(method)},
            {"route", route.empty() ? "none" : std::string(route)},
            {"status", std::to_string(status)}})
      .Increment();
  families_->request_time.Observe(in_seconds(took));
}

std::string Metrics::text(const Now& now) {
  constexpr double unknown = std::numeric_limits<double>::quiet_NaN();
  families_->queue_depth.Set(now.jobs ? static_cast<double>(now.jobs->queued) : unknown);
  families_->running.Set(now.jobs ? static_cast<double>(now.jobs->running) : unknown);
  double oldest = now.jobs ? 0 : unknown;
  if (now.jobs && now.jobs->oldest_queued_at) {
    oldest = in_seconds(std::chrono::system_clock::now() - *now.jobs->oldest_queued_at);
  }
  families_->oldest_queued.Set(oldest);
  families_->workers.Set(now.workers);
  families_->connections.Set(static_cast<double>(now.connections));
  const std::lock_guard lock(families_->mutex);
  if (now.pool) {
    if (!families_->pool) families_->pool.emplace(families_->registry);
    families_->pool->set(*now.pool);
  }
  return prometheus::TextSerializer().Serialize(families_->registry.Collect());
}

}  // namespace pysandbox::server
