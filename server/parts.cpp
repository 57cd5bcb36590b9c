#include "parts.hpp"

#include <fmt/format.h>
#include <boost/json/serialize.hpp>

#include <algorithm>
#include <thread>
#include <utility>

#include "api/job_answers.hpp"
#include "api/wire_id.hpp"
#include "settings/database_url.hpp"

namespace pysandbox::server {
namespace {

std::unique_ptr<JobStore> open_jobs(const Settings& settings, const DataDir& place) {
  const std::string& url = settings.database_url;
  if (database_kind(url) == DatabaseKind::sqlite) {
    return open_sqlite_job_store(sqlite_path(url, place.jobs()), {.max_attempts = settings.max_attempts});
  }
#ifdef PYSANDBOX_WITH_POSTGRES
  return open_postgres_job_store(url, {.max_attempts = settings.max_attempts});
#else
  throw Error(ErrorCode::invalid_request,
              "this pysandbox-server was built without PostgreSQL; give --database-url sqlite:PATH");
#endif
}

std::unique_ptr<EnvironmentStore> open_environments(const Settings& settings, const DataDir& place,
                                                    ContainerRunner& runner) {
#ifdef PYSANDBOX_WITH_ENVIRONMENTS
  const std::string directory = settings.environment_dir.empty() ? place.environments() : settings.environment_dir;
  return open_environment_store(directory, runner,
                                {.python = settings.runner.native.python,
                                 .index_urls = settings.index_urls,
                                 .find_links = settings.find_links,
                                 .no_index = settings.no_index,
                                 .require_hashes = settings.require_hashes,
                                 .allow_source_builds = settings.allow_source_builds,
                                 .budget_bytes = settings.environment_budget_bytes});
#else
  return nullptr;
#endif
}

std::string_view word_of(SandboxEvent::Kind kind) {
  switch (kind) {
    case SandboxEvent::Kind::started:
      return "job started";
    case SandboxEvent::Kind::ended:
      return "job ended";
    case SandboxEvent::Kind::lost:
      return "job lost";
    case SandboxEvent::Kind::released:
      return "job released";
    case SandboxEvent::Kind::trouble:
      break;
  }
  return "trouble";
}

LogLevel level_of(SandboxEvent::Kind kind) {
  switch (kind) {
    case SandboxEvent::Kind::started:
      return LogLevel::debug;
    case SandboxEvent::Kind::ended:
    case SandboxEvent::Kind::released:
      return LogLevel::info;
    case SandboxEvent::Kind::lost:
    case SandboxEvent::Kind::trouble:
      break;
  }
  return LogLevel::warning;
}

// Never the code, its outputs or its errors: those are the caller's.
void write(Log& log, const SandboxEvent& event) {
  const Job* job = event.job;
  if (job != nullptr && job->result) {
    log.write(level_of(event.kind), word_of(event.kind),
              {{"job", api::to_wire_id(job->id)},
               {"owner", job->submission.owner},
               {"outcome", std::string(to_string(job->result->outcome))},
               {"attempt", std::int64_t{job->attempt}},
               {"run_s", std::chrono::duration<double>(job->result->usage.wall_time).count()}});
  } else if (job != nullptr) {
    log.write(level_of(event.kind), word_of(event.kind),
              {{"job", api::to_wire_id(job->id)},
               {"owner", job->submission.owner},
               {"attempt", std::int64_t{job->attempt}},
               {"sentence", event.sentence}});
  } else {
    log.write(level_of(event.kind), word_of(event.kind), {{"sentence", event.sentence}});
  }
}

std::string callback_body(const Job& job) {
  return boost::json::serialize(api::results_answer(job, job.result ? job.result->artifacts : std::vector<Artifact>{}));
}

}  // namespace

Isolation prove_isolation(RunnerChoice runner) {
  runner.native.pool.maximum = runner.native.pool.minimum = 0;  // one run, and no second one
  Sandbox sandbox({.runner = make_runner(runner)});
  for (const HostFinding& finding : sandbox.check()) {
    if (finding.level != HostFinding::Level::missing) continue;
    throw Error(ErrorCode::sandbox_unavailable,
                fmt::format("this host cannot isolate programs, so none are served: {}: {}; {}", finding.name,
                            finding.detail, finding.remedy));
  }
  const RunResult result = sandbox.run({.code = "print(1)"});
  if (result.outcome != Outcome::ok || result.stdout != "1\n") {
    throw Error(
        ErrorCode::environment_failed,
        fmt::format("a first program, print(1), ended as {} here; try pysandbox doctor", to_string(result.outcome)));
  }
  return result.isolation;
}

SandboxParts make_parts(const Settings& settings, const DataDir& place, Metrics& metrics, Log& log) {
  SandboxParts parts;
  parts.runner = make_runner(settings.runner);
  parts.files = open_local_file_store(
      place.files(), {.quota_bytes = settings.storage_quota_bytes, .owner_quota_bytes = settings.owner_quota_bytes});
  parts.jobs = open_jobs(settings, place);
  parts.environments = open_environments(settings, place, *parts.runner);
  parts.web = make_web_client({.allow = settings.allow_addresses});
  parts.spool_directory = place.spool();
  parts.queue.workers = workers_of(settings);
  parts.queue.lease = settings.lease;
  parts.queue.max_attempts = settings.max_attempts;
  parts.queue.file_retention = settings.file_retention;
  parts.queue.job_retention = settings.job_retention;
  parts.queue.callback_secret = callback_secret_of(settings);
  parts.queue.callback_body = callback_body;
  parts.queue.on_event = [&metrics, &log](const SandboxEvent& event) {
    metrics.record(event);
    write(log, event);
  };
  return parts;
}

unsigned workers_of(const Settings& settings) {
  return settings.workers > 0 ? settings.workers : std::max(1U, std::thread::hardware_concurrency());
}

api::ApiLimits api_limits_of(const Settings& settings) {
  const JobLimits limits = limits_of(settings);
  api::ApiLimits bounds;
  bounds.body_bytes = settings.max_body_bytes;
  bounds.upload_bytes = settings.max_upload_bytes;
  bounds.max_queued = settings.max_queued;
  bounds.default_limits = limits.defaults;
  bounds.max_limits = limits.maxima;
  bounds.file_retention = settings.file_retention;
  return bounds;
}

GateOptions gate_options_of(const Settings& settings) {
  return {is_loopback(settings.listen), settings.allow_hosts, settings.allow_origins};
}

http::ListenerOptions listener_options_of(const Settings& settings) {
  http::ListenerOptions options;
  options.address = settings.listen.address;
  options.port = settings.listen.port;
  options.max_connections = settings.max_connections;
  options.max_connections_per_address = settings.max_connections;
  return options;
}

std::string database_text(const Settings& settings, const DataDir& place) {
  if (database_kind(settings.database_url) == DatabaseKind::postgres) return masked_database_url(settings.database_url);
  return "sqlite:" + sqlite_path(settings.database_url, place.jobs());
}

std::string isolation_text(const Isolation& isolation) {
  const std::string runtime = isolation.runtime.empty() ? "" : " (" + isolation.runtime + ")";
  return fmt::format("{}{}, boundary {}, {}, limits by {} ({}), seccomp {}, landlock {}", isolation.runner, runtime,
                     isolation.boundary, isolation.mode, isolation.limits, isolation.cgroup, isolation.seccomp,
                     isolation.landlock_abi);
}

}  // namespace pysandbox::server
