#include "submission_body.hpp"

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>

#include <fmt/format.h>

#include <algorithm>

#include <pysandbox/error.hpp>
#include <pysandbox/json.hpp>

#include "wire/json_document.hpp"

namespace pysandbox::cli {
namespace {

namespace json = boost::json;

// Code, entry point, arguments, variables and input as the wire format has them.
json::object program_of(const JobRequest& request) {
  JobRequest program{.code = request.code};
  program.entry_point = request.entry_point;
  program.args = request.args;
  program.env = request.env;
  program.stdin = request.stdin;
  json::object body = parse_json(to_json(program)).as_object();
  for (const char* key : {"inputs", "outputs", "packages", "environment", "limits", "minimum_isolation", "isolation"})
    body.erase(key);
  return body;
}

// JSON has no place for other bytes here, and different ones would be worse than none.
void check_text(const json::value& sent, const std::string& meant, const char* what) {
  if (sent.is_string() && sent.get_string() == meant) return;
  throw Error(
      ErrorCode::invalid_request,
      fmt::format("{} must be UTF-8 when a server is to run it; other bytes can be handed in with --data", what));
}

void check_texts(const json::object& body, const JobRequest& request) {
  check_text(body.at("code"), request.code, "the program");
  check_text(body.at("stdin"), request.stdin, "standard input");
  check_text(body.at("entry_point"), request.entry_point, "the script's name");
  for (std::size_t index = 0; index < request.args.size(); ++index) {
    check_text(body.at("args").as_array()[index], request.args[index], "--arg");
  }
  for (const auto& [name, value] : request.env) {
    const auto* sent = body.at("env").as_object().if_contains(name);
    check_text(sent != nullptr ? *sent : json::value(""), value, "--env");
  }
}

json::value parse_metadata(const std::string& text) {
  try {
    return parse_json(text);
  } catch (const Error& error) {
    throw Error(ErrorCode::invalid_request, fmt::format("--metadata takes JSON: {}", error.what()));
  }
}

json::object limits_of(const RequestWords& words) {
  json::object limits;
  for (const LimitField& field : limit_fields()) {
    const auto& given = words.limits_given;
    if (std::find(given.begin(), given.end(), field.name) == given.end()) continue;
    const double value = get_limit(words.request.limits, field.name);
    const bool is_whole = field.unit == LimitField::Unit::bytes || field.unit == LimitField::Unit::count;
    limits[field.name] = is_whole ? json::value(static_cast<std::uint64_t>(value)) : json::value(value);
  }
  return limits;
}

void add_inputs(json::object& body, const JobRequest& request) {
  json::array files;
  json::array urls;
  for (const InputFile& input : request.inputs) {
    if (!input.url.empty()) {
      urls.emplace_back(input.url);
    } else {
      files.push_back(json::object{{"path", input.path}, {"file_id", input.file_id}});
    }
  }
  if (!files.empty()) body["files"] = std::move(files);
  if (!urls.empty()) body["data_urls"] = std::move(urls);
}

}  // namespace

std::string submission_body(const RequestWords& words, const JobRequest& request, const Submission& submission) {
  json::object body = program_of(request);
  check_texts(body, request);
  if (!request.outputs.empty()) body["outputs"] = json::array(request.outputs.begin(), request.outputs.end());
  if (!request.packages.empty()) body["packages"] = json::array(request.packages.begin(), request.packages.end());
  if (!request.environment.empty()) body["environment"] = request.environment;
  add_inputs(body, request);
  if (!words.limits_given.empty()) body["limits"] = limits_of(words);
  if (request.minimum_isolation != MinimumIsolation::rlimits) {
    body["minimum_isolation"] = to_string(request.minimum_isolation);
  }
  if (request.start != StartMode::any) body["isolation"] = to_string(request.start);
  if (submission.priority != 0) body["priority"] = submission.priority;
  if (submission.ttl.count() != 0) body["ttl"] = submission.ttl.count();
  if (!submission.metadata.empty()) body["metadata"] = parse_metadata(submission.metadata);
  if (!submission.callback_url.empty()) body["callback_url"] = submission.callback_url;
  return write_json(body, JsonStyle::compact);
}

}  // namespace pysandbox::cli
