#include "api/job_answers.hpp"

#include <boost/json/array.hpp>

#include <utility>

#include <pysandbox/error.hpp>
#include <pysandbox/json.hpp>

#include "api/time_text.hpp"
#include "api/wire_id.hpp"
#include "value/text.hpp"
#include "wire/json_document.hpp"

namespace pysandbox::api {
namespace {

namespace json = boost::json;

json::value time_value(const std::optional<Job::TimePoint>& time) {
  return time ? json::value(time_text(*time)) : json::value();
}

json::value text_or_null(const std::string& text) {
  return text.empty() ? json::value() : json::value(repair_utf8(text));
}

// What the submitter gave: JSON, unless the job came in by another way than this API.
json::value metadata_value(const std::string& metadata) {
  if (metadata.empty()) return nullptr;
  try {
    return parse_json(metadata);
  } catch (const Error&) {
    return json::value(repair_utf8(metadata));
  }
}

json::object limits_object(const Limits& limits) {
  json::object object;
  for (const LimitField& field : limit_fields()) {
    const double value = get_limit(limits, field.name);
    const bool is_whole = field.unit == LimitField::Unit::bytes || field.unit == LimitField::Unit::count;
    object[field.name] = is_whole ? json::value(static_cast<std::uint64_t>(value)) : json::value(value);
  }
  return object;
}

// The members that the wire format has for a result, without its outputs, which may be large.
json::object result_object(const RunResult& result) {
  RunResult small{.outcome = result.outcome,
                  .exit_code = result.exit_code,
                  .signal = result.signal,
                  .stdout_truncated = result.stdout_truncated,
                  .stderr_truncated = result.stderr_truncated,
                  .error = result.error,
                  .failure = result.failure,
                  .usage = result.usage,
                  .isolation = result.isolation,
                  .environment = result.environment,
                  .artifacts = {},
                  .warnings = result.warnings};
  return std::move(parse_json(to_json(small)).as_object());
}

std::string_view file_name(std::string_view path) { return path.substr(path.rfind('/') + 1); }

double seconds(std::chrono::microseconds time) { return static_cast<double>(time.count()) / 1e6; }

}  // namespace

bool has_ended(const Job& job) noexcept { return job.state == JobState::completed || job.state == JobState::failed; }

json::object submission_answer(const Job& job, std::string_view message, const std::vector<std::string>& warnings) {
  json::object answer{{"job_id", to_wire_id(job.id)}, {"status", to_string(job.state)}, {"message", message}};
  if (!warnings.empty()) answer["warnings"] = json::array(warnings.begin(), warnings.end());
  return answer;
}

json::object status_answer(const Job& job, std::optional<std::uint64_t> position) {
  const bool expires = job.submission.ttl.count() > 0;
  return json::object{
      {"job_id", to_wire_id(job.id)},
      {"status", to_string(job.state)},
      {"created_at", time_text(job.created_at)},
      {"started_at", time_value(job.started_at)},
      {"completed_at", time_value(job.completed_at)},
      {"outcome", job.result ? json::value(to_string(job.result->outcome)) : json::value()},
      {"attempt", job.attempt},
      {"queue", position ? json::value(json::object{{"position", *position}}) : json::value()},
      {"cancel_requested", job.cancel_requested},
      {"priority", job.submission.priority},
      {"expires_at", expires ? json::value(time_text(job.created_at + job.submission.ttl)) : json::value()},
      {"effective_limits", limits_object(job.request.limits)},
      {"metadata", metadata_value(job.submission.metadata)},
      {"callback", to_string(job.callback)},
  };
}

json::object results_answer(const Job& job, const std::vector<Artifact>& artifacts,
                            const std::vector<std::string>& warnings) {
  if (!job.result) throw Error(ErrorCode::internal, "the job " + job.id + " has ended without a result; report this");
  const RunResult& result = *job.result;
  json::object answer{
      {"job_id", to_wire_id(job.id)},
      {"status", to_string(job.state)},
      {"stdout", text_or_null(result.stdout)},
      {"stderr", text_or_null(result.stderr)},
      {"execution_time", seconds(result.usage.wall_time)},
  };
  json::object members = result_object(result);
  answer["resource_usage"] = write_json(members["usage"], JsonStyle::compact);
  json::array files;
  for (const Artifact& artifact : artifacts) files.push_back(artifact_answer(job.id, artifact));
  answer["files"] = std::move(files);
  for (const auto key : {"outcome", "exit_code", "signal", "stdout_truncated", "stderr_truncated", "error", "failure",
                         "usage", "isolation", "environment"}) {
    answer[key] = std::move(members[key]);
  }
  json::array all_warnings(warnings.begin(), warnings.end());
  for (json::value& warning : members["warnings"].as_array()) all_warnings.push_back(std::move(warning));
  answer["warnings"] = std::move(all_warnings);
  answer["metadata"] = metadata_value(job.submission.metadata);
  answer["created_at"] = time_text(job.created_at);
  answer["started_at"] = time_value(job.started_at);
  answer["completed_at"] = time_value(job.completed_at);
  answer["attempt"] = job.attempt;
  return answer;
}

json::object artifact_answer(const JobId& job, const Artifact& artifact) {
  const std::string id = to_wire_id(artifact.file_id);
  return json::object{
      {"id", id},
      {"filename", repair_utf8(file_name(artifact.path))},
      {"content_type", repair_utf8(artifact.content_type)},
      {"size", artifact.size},
      {"path", repair_utf8(artifact.path)},
      {"sha256", artifact.sha256},
      {"url", "/api/jobs/" + to_wire_id(job) + "/files/" + id},
  };
}

}  // namespace pysandbox::api
