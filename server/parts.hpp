// The settings as options of the parts that they are for.
#pragma once

#include <string>

#include <pysandbox/sandbox.hpp>

#include "access/gate.hpp"
#include "api/api_limits.hpp"
#include "data_dir.hpp"
#include "http/listener.hpp"
#include "log.hpp"
#include "metrics/metrics.hpp"
#include "settings/settings.hpp"

namespace pysandbox::server {

// Runs print(1) here and now. Returns what isolated it; throws Error{sandbox_unavailable} if this host cannot isolate
// programs, or Error{environment_failed} if the program could not run.
Isolation prove_isolation(RunnerChoice runner);

// Opens the stores. `metrics` and `log` hear of every job and must outlive the Sandbox.
SandboxParts make_parts(const Settings& settings, const DataDir& place, Metrics& metrics, Log& log);

unsigned workers_of(const Settings& settings);
api::ApiLimits api_limits_of(const Settings& settings);
GateOptions gate_options_of(const Settings& settings);
http::ListenerOptions listener_options_of(const Settings& settings);

// For people, without secrets: "SQLite /x/jobs.sqlite", "native, root, cgroup v2, landlock 3".
std::string database_text(const Settings& settings, const DataDir& place);
std::string isolation_text(const Isolation& isolation);

}  // namespace pysandbox::server
