#include <pysandbox/error.hpp>
#include <pysandbox/json.hpp>

#include "value/words.hpp"
#include "wire/json_document.hpp"
#include "wire/json_field.hpp"
#include "wire/stored_json.hpp"

namespace pysandbox {
namespace {

std::vector<std::string> read_texts(const JsonField& field) {
  std::vector<std::string> texts;
  for (const JsonField& element : field.elements()) texts.push_back(element.bytes());
  return texts;
}

// A name from a newer version that this one does not know is ignored, like every unknown key.
Limits read_limits(const JsonField& field) {
  Limits limits;
  for (const LimitField& limit : limit_fields()) {
    if (const auto value = field.find(limit.name)) set_limit(limits, limit.name, value->number());
  }
  return limits;
}

// What comes from a store or a server brings a name along, so it needs none here.
InputFile read_input(const JsonField& field) {
  InputFile input;
  const auto read_text = [&](std::string_view key, std::string& text) {
    if (const auto value = field.find(key)) text = value->text();
  };
  read_text("source", input.source);
  read_text("file_id", input.file_id);
  read_text("url", input.url);
  read_text("sha256", input.sha256);
  if (const auto content = field.find("content")) input.content = content->bytes();
  const bool needs_path = input.file_id.empty() && input.url.empty();
  if (const auto path = needs_path ? std::optional(field.at("path")) : field.find("path")) input.path = path->text();
  return input;
}

MinimumIsolation read_minimum_isolation(const JsonField& field) {
  const auto level = parse_minimum_isolation(field.text());
  if (!level) field.refuse("rlimits, cgroup, full or vm_like");
  return *level;
}

StartMode read_start_mode(const JsonField& field) {
  const auto mode = parse_start_mode(field.text());
  if (!mode) field.refuse("any or fresh");
  return *mode;
}

JobRequest read_request(const JsonField& root) {
  JobRequest request;
  request.code = root.at("code").bytes();
  if (const auto field = root.find("entry_point")) request.entry_point = field->text();
  if (const auto field = root.find("args")) {
    for (const JsonField& arg : field->elements()) request.args.push_back(arg.text());
  }
  if (const auto field = root.find("env")) {
    for (const auto& [name, value] : field->members()) request.env.emplace(name, value.text());
  }
  if (const auto field = root.find("stdin")) request.stdin = field->bytes();
  if (const auto field = root.find("inputs")) {
    for (const JsonField& input : field->elements()) request.inputs.push_back(read_input(input));
  }
  if (const auto field = root.find("outputs")) {
    for (const JsonField& pattern : field->elements()) request.outputs.push_back(pattern.text());
  }
  if (const auto field = root.find("packages")) {
    for (const JsonField& package : field->elements()) request.packages.push_back(package.text());
  }
  if (const auto field = root.find_set("environment")) request.environment = field->text();
  if (const auto field = root.find("limits")) request.limits = read_limits(*field);
  if (const auto field = root.find("minimum_isolation")) request.minimum_isolation = read_minimum_isolation(*field);
  if (const auto field = root.find("isolation")) request.start = read_start_mode(*field);
  return request;
}

Outcome read_outcome(const JsonField& field) {
  const auto outcome = parse_outcome(field.text());
  if (!outcome) field.refuse("one of the outcomes, for example ok");
  return *outcome;
}

PythonError read_error(const JsonField& field) {
  PythonError error;
  error.name = field.at("name").bytes();
  error.value = field.at("value").bytes();
  error.traceback = field.at("traceback").bytes();
  if (const auto line = field.find_set("line")) error.line = line->whole_number<int>();
  return error;
}

Failure read_failure(const JsonField& field) {
  return {field.at("limit").bytes(), field.at("observed").bytes(), field.at("hint").bytes()};
}

Usage read_usage(const JsonField& field) {
  Usage usage;
  if (const auto value = field.find("wall_time")) usage.wall_time = value->seconds();
  if (const auto value = field.find("cpu_user")) usage.cpu_user = value->seconds();
  if (const auto value = field.find("cpu_system")) usage.cpu_system = value->seconds();
  const auto read_count = [&](std::string_view key, std::uint64_t& count) {
    if (const auto value = field.find(key)) count = value->whole_number<std::uint64_t>();
  };
  read_count("memory_peak_bytes", usage.memory_peak_bytes);
  read_count("processes_peak", usage.processes_peak);
  read_count("read_bytes", usage.read_bytes);
  read_count("written_bytes", usage.written_bytes);
  return usage;
}

Isolation read_isolation(const JsonField& field) {
  Isolation isolation;
  const auto read_text = [&](std::string_view key, std::string& text) {
    if (const auto value = field.find(key)) text = value->bytes();
  };
  read_text("runner", isolation.runner);
  read_text("runtime", isolation.runtime);
  read_text("boundary", isolation.boundary);
  read_text("mode", isolation.mode);
  read_text("cgroup", isolation.cgroup);
  read_text("limits", isolation.limits);
  read_text("seccomp", isolation.seccomp);
  read_text("start", isolation.start);
  if (const auto value = field.find("namespaces")) isolation.namespaces = read_texts(*value);
  if (const auto value = field.find("landlock_abi")) isolation.landlock_abi = value->whole_number<int>();
  if (const auto value = field.find("unique_uid")) isolation.unique_uid = value->flag();
  return isolation;
}

Artifact read_artifact(const JsonField& field) {
  Artifact artifact;
  artifact.path = field.at("path").bytes();
  artifact.size = field.at("size").whole_number<std::uint64_t>();
  artifact.content_type = field.at("content_type").bytes();
  artifact.sha256 = field.at("sha256").bytes();
  if (const auto id = field.find_set("file_id")) artifact.file_id = id->bytes();
  return artifact;
}

EnvironmentInfo read_environment(const JsonField& field) {
  EnvironmentInfo environment{field.at("digest").bytes(), field.at("python").bytes(), {}};
  for (const JsonField& package : field.at("packages").elements()) {
    environment.packages.push_back({package.at("name").bytes(), package.at("version").bytes()});
  }
  return environment;
}

RunResult read_result(const JsonField& root) {
  RunResult result;
  result.outcome = read_outcome(root.at("outcome"));
  if (const auto field = root.find_set("exit_code")) result.exit_code = field->whole_number<int>();
  if (const auto field = root.find_set("signal")) result.signal = field->bytes();
  if (const auto field = root.find_set("stdout")) result.stdout = field->bytes();
  if (const auto field = root.find_set("stderr")) result.stderr = field->bytes();
  if (const auto field = root.find("stdout_truncated")) result.stdout_truncated = field->flag();
  if (const auto field = root.find("stderr_truncated")) result.stderr_truncated = field->flag();
  if (const auto field = root.find_set("error")) result.error = read_error(*field);
  if (const auto field = root.find_set("failure")) result.failure = read_failure(*field);
  if (const auto field = root.find_set("usage")) result.usage = read_usage(*field);
  if (const auto field = root.find_set("isolation")) result.isolation = read_isolation(*field);
  if (const auto field = root.find_set("environment")) result.environment = read_environment(*field);
  if (const auto field = root.find("artifacts")) {
    for (const JsonField& artifact : field->elements()) result.artifacts.push_back(read_artifact(artifact));
  }
  if (const auto field = root.find("warnings")) result.warnings = read_texts(*field);
  return result;
}

// Reads the document `text` with `read`, so that what it borrows lives long enough.
template <class Read>
auto read_document(std::string_view text, Read read) {
  const auto document = parse_json(text);
  return read(JsonField(document, ""));
}

template <class Read>
auto read_stored(std::string_view text, Read read) try {
  return read_document(text, read);
} catch (const Error& error) {
  throw Error(ErrorCode::unavailable,
              std::string("a stored job cannot be read, restore the store from a backup: ") + error.what());
}

}  // namespace

JobRequest parse_job_request(std::string_view text) {
  JobRequest request = read_document(text, read_request);
  check_request(request);
  return request;
}

RunResult parse_run_result(std::string_view text) { return read_document(text, read_result); }

JobRequest parse_stored_request(std::string_view text) { return read_stored(text, read_request); }

RunResult parse_stored_result(std::string_view text) { return read_stored(text, read_result); }

}  // namespace pysandbox
