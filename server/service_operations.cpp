#include "service_operations.hpp"

#include <sys/statvfs.h>
#include <unistd.h>
#include <boost/json/array.hpp>
#include <boost/json/object.hpp>

#include <cerrno>
#include <cstdint>
#include <functional>
#include <system_error>

#include "api/json_response.hpp"
#include "api/routes.hpp"
#include "openapi_document.hpp"

namespace pysandbox::server {
namespace {

namespace json = boost::json;

constexpr std::chrono::seconds checks_hold{1};
constexpr std::uint64_t least_free_bytes = 1 << 20;

// The sentence of what `look` throws; empty if it does not.
std::string problem_of(const std::function<void()>& look) {
  try {
    look();
    return "";
  } catch (const std::exception& error) {
    return error.what();
  }
}

// That a file can be added there, as far as it shows without adding one.
void check_storage(const std::string& directory) {
  struct statvfs space {};
  if (::access(directory.c_str(), W_OK | X_OK) != 0 || ::statvfs(directory.c_str(), &space) != 0) {
    throw Error(ErrorCode::unavailable, directory + ": " + std::generic_category().message(errno));
  }
  const bool inodes_are_counted = space.f_files > 0;
  if (space.f_bavail * space.f_frsize < least_free_bytes || (inodes_are_counted && space.f_favail == 0)) {
    throw Error(ErrorCode::unavailable, directory + ": the disk is full");
  }
}

json::value number(double value) {
  const auto whole = static_cast<std::int64_t>(value);
  return static_cast<double>(whole) == value ? json::value(whole) : json::value(value);
}

std::string_view word_of(LimitField::Unit unit) {
  switch (unit) {
    case LimitField::Unit::seconds:
      return "seconds";
    case LimitField::Unit::bytes:
      return "bytes";
    case LimitField::Unit::count:
      return "count";
    case LimitField::Unit::processors:
      break;
  }
  return "processors";
}

json::object limits_json(const JobLimits& limits) {
  json::object all;
  for (const LimitField& field : limit_fields()) {
    all[field.name] = json::object{{"unit", word_of(field.unit)},
                                   {"default", number(get_limit(limits.defaults, field.name))},
                                   {"minimum", number(field.minimum)},
                                   {"maximum", number(get_limit(limits.maxima, field.name))}};
  }
  return all;
}

json::array outcomes_json() {
  json::array all;
  for (int i = 0; i <= static_cast<int>(Outcome::internal_error); ++i)
    all.emplace_back(to_string(static_cast<Outcome>(i)));
  return all;
}

json::object isolation_json(const Isolation& isolation) {
  json::array namespaces;
  for (const std::string& name : isolation.namespaces) namespaces.emplace_back(name);
  return {{"runner", isolation.runner},
          {"runtime", isolation.runtime},
          {"boundary", isolation.boundary},
          {"mode", isolation.mode},
          {"cgroup", isolation.cgroup},
          {"limits", isolation.limits},
          {"namespaces", std::move(namespaces)},
          {"seccomp", isolation.seccomp},
          {"landlock_abi", isolation.landlock_abi},
          {"unique_uid", isolation.unique_uid},
          {"start", isolation.start}};
}

// What monitors ask every few seconds is no news.
bool is_watching(std::string_view route) { return route == "/health" || route == "/ready" || route == "/metrics"; }

std::string path_of(const http::Request& request) { return request.target.substr(0, request.target.find('?')); }

}  // namespace

ServiceOperations::ServiceOperations(const OperationsParts& parts) : parts_(parts) {}

http::Response ServiceOperations::health() { return api::json_response(200, json::object{{"status", "ok"}}); }

std::vector<ServiceOperations::Check> ServiceOperations::checks() {
  const std::lock_guard guard(mutex_);
  const auto now = std::chrono::steady_clock::now();
  if (!checks_.empty() && now - checked_at_ < checks_hold) return checks_;
  checks_ = {{"store", problem_of([&] { parts_.sandbox.jobs()->counts(); })},
             {"files", problem_of([&] { check_storage(parts_.files_directory); })},
             {"runner", problem_of([&] {
                for (const HostFinding& finding : parts_.sandbox.check()) {
                  if (finding.level != HostFinding::Level::missing) continue;
                  throw Error(ErrorCode::sandbox_unavailable, finding.name + ": " + finding.detail);
                }
              })}};
  checked_at_ = now;
  for (const Check& check : checks_) {
    if (!check.problem.empty()) {
      parts_.log.write(LogLevel::warning, "not ready", {{"check", check.name}, {"problem", check.problem}});
    }
  }
  return checks_;
}

// Anybody may ask, so what is wrong stands in the log alone.
http::Response ServiceOperations::ready() {
  bool ok = !draining_;
  json::object answers;
  for (const Check& check : checks()) {
    ok = ok && check.problem.empty();
    answers[check.name] = check.problem.empty() ? "ok" : "unavailable";
  }
  if (draining_) answers["server"] = "draining";
  return api::json_response(ok ? 200 : 503,
                            json::object{{"status", ok ? "ok" : "unavailable"}, {"checks", std::move(answers)}});
}

http::Response ServiceOperations::capabilities(const api::Caller& caller) {
  json::object answer{
      {"version", version()},
      {"limits", limits_json(parts_.limits)},
      {"outcomes", outcomes_json()},
      {"isolation", isolation_json(parts_.isolation)},
      {"workers", parts_.workers},
      {"max_active_jobs", caller.max_active > 0 ? json::value(caller.max_active) : json::value(nullptr)},
      {"features", json::array{"callbacks", "data_urls", "events", "idempotency", "inline_files", "metadata", "outputs",
                               "priority", "ranges", "ttl", "uploads", "wait", "zip"}}};
  return api::json_response(200, answer);
}

http::Response ServiceOperations::metrics() {
  Metrics::Now now;
  now.workers = parts_.workers;
  now.pool = parts_.sandbox.pool_usage();
  if (const auto* listener = listener_.load(); listener != nullptr) now.connections = listener->connections();
  try {
    now.jobs = parts_.sandbox.jobs()->counts();
  } catch (const Error& error) {
    parts_.log.write(LogLevel::warning, "metrics", {{"problem", error.what()}});
  }
  return {.status = 200,
          .headers = {{"Content-Type", "text/plain; version=0.0.4; charset=utf-8"}},
          .body = parts_.metrics.text(now)};
}

http::Response ServiceOperations::openapi() {
  return {.status = 200, .headers = {{"Content-Type", "application/json"}}, .body = std::string(openapi_document())};
}

void ServiceOperations::failed(const http::Request& request, const std::exception& error) {
  parts_.log.write(
      LogLevel::error, "failed",
      {{"request", request.id}, {"method", request.method}, {"path", path_of(request)}, {"problem", error.what()}});
}

void ServiceOperations::answered(const http::Request& request, int status, std::chrono::microseconds took) {
  const auto match = api::find_route(request.method, request.segments);
  const std::string_view route = match.route != nullptr ? match.route->pattern : "";
  parts_.metrics.answered(request.method, route, status, took);
  parts_.log.write(is_watching(route) ? LogLevel::debug : LogLevel::info, "request",
                   {{"method", request.method},
                    {"path", path_of(request)},
                    {"status", std::int64_t{status}},
                    {"ms", static_cast<double>(took.count()) / 1000},
                    {"client", request.client_address},
                    {"request", request.id}});
}

}  // namespace pysandbox::server
