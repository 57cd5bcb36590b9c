#include <pysandbox/json.hpp>

#include <boost/json/value.hpp>

#include <map>

#include "value/text.hpp"
#include "wire/base64.hpp"
#include "wire/json_document.hpp"
#include "wire/stored_json.hpp"

namespace pysandbox {
namespace {

namespace json = boost::json;

// What becomes of text that is not UTF-8.
enum class WrongBytes { replaced, kept };

json::value bytes_value(const std::string& bytes) {
  if (!find_invalid_utf8(bytes)) return json::value(bytes);
  return json::object{{"base64", to_base64(bytes)}};
}

json::value text_value(const std::string& text, WrongBytes wrong = WrongBytes::replaced) {
  return wrong == WrongBytes::kept ? bytes_value(text) : json::value(repair_utf8(text));
}

json::value null_if_empty(const std::string& text, WrongBytes wrong) {
  return text.empty() ? json::value() : text_value(text, wrong);
}

json::array text_array(const std::vector<std::string>& texts, WrongBytes wrong = WrongBytes::replaced) {
  json::array array;
  for (const std::string& text : texts) array.push_back(text_value(text, wrong));
  return array;
}

json::value seconds_value(std::chrono::microseconds time) { return static_cast<double>(time.count()) / 1e6; }

json::value to_value(const Limits& limits) {
  json::object object;
  for (const LimitField& field : limit_fields()) {
    const double value = get_limit(limits, field.name);
    const bool is_whole = field.unit == LimitField::Unit::bytes || field.unit == LimitField::Unit::count;
    object[field.name] = is_whole ? json::value(static_cast<std::uint64_t>(value)) : json::value(value);
  }
  return object;
}

json::value to_value(const InputFile& input) {
  json::object object{{"path", text_value(input.path)}};
  const auto add_set = [&](std::string_view key, const std::string& text) {
    if (!text.empty()) object[key] = text_value(text);
  };
  add_set("source", input.source);
  add_set("file_id", input.file_id);
  add_set("url", input.url);
  add_set("sha256", input.sha256);
  const bool is_elsewhere = !input.source.empty() || !input.file_id.empty() || !input.url.empty();
  if (!is_elsewhere || !input.content.empty()) object["content"] = bytes_value(input.content);
  return object;
}

json::value to_value(const JobRequest& request) {
  json::object env;
  for (const auto& [name, value] : request.env) env[repair_utf8(name)] = text_value(value);
  json::array inputs;
  for (const InputFile& input : request.inputs) inputs.push_back(to_value(input));
  return json::object{
      {"code", bytes_value(request.code)},
      {"entry_point", text_value(request.entry_point)},
      {"args", text_array(request.args)},
      {"env", std::move(env)},
      {"stdin", bytes_value(request.stdin)},
      {"inputs", std::move(inputs)},
      {"outputs", text_array(request.outputs)},
      {"packages", text_array(request.packages)},
      {"environment", null_if_empty(request.environment, WrongBytes::replaced)},
      {"limits", to_value(request.limits)},
      {"minimum_isolation", to_string(request.minimum_isolation)},
      {"isolation", to_string(request.start)},
  };
}

json::value to_value(const std::optional<PythonError>& error, WrongBytes wrong) {
  if (!error) return nullptr;
  return json::object{
      {"name", text_value(error->name, wrong)},
      {"value", text_value(error->value, wrong)},
      {"traceback", text_value(error->traceback, wrong)},
      {"line", error->line ? json::value(*error->line) : json::value()},
  };
}

json::value to_value(const std::optional<Failure>& failure, WrongBytes wrong) {
  if (!failure) return nullptr;
  return json::object{
      {"limit", text_value(failure->limit, wrong)},
      {"observed", text_value(failure->observed, wrong)},
      {"hint", text_value(failure->hint, wrong)},
  };
}

json::value to_value(const Usage& usage) {
  return json::object{
      {"wall_time", seconds_value(usage.wall_time)},   {"cpu_user", seconds_value(usage.cpu_user)},
      {"cpu_system", seconds_value(usage.cpu_system)}, {"memory_peak_bytes", usage.memory_peak_bytes},
      {"processes_peak", usage.processes_peak},        {"read_bytes", usage.read_bytes},
      {"written_bytes", usage.written_bytes},
  };
}

json::value to_value(const Isolation& isolation, WrongBytes wrong) {
  return json::object{
      {"runner", text_value(isolation.runner, wrong)},
      {"runtime", text_value(isolation.runtime, wrong)},
      {"boundary", text_value(isolation.boundary, wrong)},
      {"mode", text_value(isolation.mode, wrong)},
      {"cgroup", text_value(isolation.cgroup, wrong)},
      {"limits", text_value(isolation.limits, wrong)},
      {"namespaces", text_array(isolation.namespaces, wrong)},
      {"seccomp", text_value(isolation.seccomp, wrong)},
      {"landlock_abi", isolation.landlock_abi},
      {"unique_uid", isolation.unique_uid},
      {"start", text_value(isolation.start, wrong)},
  };
}

json::value to_value(const Artifact& artifact, WrongBytes wrong) {
  return json::object{
      {"path", text_value(artifact.path, wrong)},
      {"size", artifact.size},
      {"content_type", text_value(artifact.content_type, wrong)},
      {"sha256", text_value(artifact.sha256, wrong)},
      {"file_id", null_if_empty(artifact.file_id, wrong)},
  };
}

json::value to_value(const std::optional<EnvironmentInfo>& environment, WrongBytes wrong) {
  if (!environment) return nullptr;
  json::array packages;
  for (const Package& package : environment->packages) {
    packages.push_back(
        json::object{{"name", text_value(package.name, wrong)}, {"version", text_value(package.version, wrong)}});
  }
  return json::object{
      {"digest", text_value(environment->digest, wrong)},
      {"python", text_value(environment->python, wrong)},
      {"packages", std::move(packages)},
  };
}

json::object first_part(const RunResult& result, WrongBytes wrong) {
  return json::object{
      {"outcome", to_string(result.outcome)},
      {"exit_code", result.exit_code ? json::value(*result.exit_code) : json::value()},
      {"signal", null_if_empty(result.signal, wrong)},
  };
}

void add_last_part(json::object& object, const RunResult& result, WrongBytes wrong) {
  json::array artifacts;
  for (const Artifact& artifact : result.artifacts) artifacts.push_back(to_value(artifact, wrong));
  object["stdout_truncated"] = result.stdout_truncated;
  object["stderr_truncated"] = result.stderr_truncated;
  object["error"] = to_value(result.error, wrong);
  object["failure"] = to_value(result.failure, wrong);
  object["usage"] = to_value(result.usage);
  object["isolation"] = to_value(result.isolation, wrong);
  object["artifacts"] = std::move(artifacts);
  object["environment"] = to_value(result.environment, wrong);
  object["warnings"] = text_array(result.warnings, wrong);
}

std::string_view level_word(HostFinding::Level level) {
  switch (level) {
    case HostFinding::Level::pass:
      return "pass";
    case HostFinding::Level::weaker:
      return "weaker";
    case HostFinding::Level::missing:
      return "missing";
  }
  return "missing";
}

json::value to_value(const HostFinding& finding) {
  return json::object{
      {"name", text_value(finding.name)},
      {"level", level_word(finding.level)},
      {"detail", text_value(finding.detail)},
      {"remedy", text_value(finding.remedy)},
  };
}

}  // namespace

std::string to_json(const RunResult& result, JsonStyle style) {
  json::object object = first_part(result, WrongBytes::replaced);
  object["stdout"] = text_value(result.stdout);
  object["stderr"] = text_value(result.stderr);
  add_last_part(object, result, WrongBytes::replaced);
  return write_json(object, style);
}

std::string to_json(const JobRequest& request, JsonStyle style) { return write_json(to_value(request), style); }

std::string to_json(const std::vector<HostFinding>& findings, JsonStyle style) {
  json::array array;
  for (const HostFinding& finding : findings) array.push_back(to_value(finding));
  return write_json(json::object{{"findings", std::move(array)}}, style);
}

std::string to_stored_json(const RunResult& result) {
  json::object object = first_part(result, WrongBytes::kept);
  add_last_part(object, result, WrongBytes::kept);
  return write_json(object, JsonStyle::compact);
}

std::string to_stored_json(const JobRequest& request) { return write_json(to_value(request), JsonStyle::compact); }

}  // namespace pysandbox
