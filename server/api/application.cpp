#include "api/application.hpp"

#include <utility>

#include <pysandbox/error.hpp>

#include "api/handlers.hpp"
#include "api/job_watch.hpp"
#include "api/queue_depth.hpp"
#include "api/refusal.hpp"
#include "api/routes.hpp"
#include "api/wire_id.hpp"
#include "http/text.hpp"

namespace pysandbox::api {
namespace {

// Without parameters, in lower case: "application/json".
std::string media_type(const http::Request& head) {
  const auto field = head.header("content-type");
  if (!field) return {};
  std::string type(http::trimmed(field->substr(0, field->find(';'))));
  for (char& c : type) c = http::to_lower(c);
  return type;
}

void check_media_type(const http::Request& head, RouteBody body) {
  const std::string_view wanted = body == RouteBody::json        ? "application/json"
                                  : body == RouteBody::multipart ? "multipart/form-data"
                                                                 : "";
  if (!wanted.empty() && media_type(head) != wanted) {
    throw Refusal(415, "unsupported_media_type", "The body must be sent with Content-Type: " + std::string(wanted));
  }
  // Nothing is unpacked here: a few bytes could become very many.
  if (body != RouteBody::none && head.header("content-encoding").value_or("identity") != "identity") {
    throw Refusal(415, "unsupported_media_type", "The body must be sent as it is, without Content-Encoding");
  }
}

http::Plan plan_for(RouteBody body, const ApiLimits& limits) {
  switch (body) {
    case RouteBody::none:
      break;
    case RouteBody::json:
      return {.body = http::Plan::Body::whole, .max_bytes = limits.body_bytes, .handler = {}};
    case RouteBody::multipart:
    case RouteBody::bytes:
      return {.body = http::Plan::Body::stream, .max_bytes = limits.upload_bytes, .handler = {}};
  }
  return {.body = http::Plan::Body::none, .max_bytes = 0, .handler = {}};
}

const RouteMatch& checked(const RouteMatch& match) {
  if (match.route != nullptr) return match;
  if (match.allow.empty())
    throw Refusal(404, "not_found", "There is no such path; see /openapi.json for those that are");
  throw Refusal(405, "method_not_allowed", "This path knows only the methods " + match.allow);
}

class JobApplication final : public http::Application {
 public:
  JobApplication(const ApplicationParts& parts, JobStore& jobs, FileStore& files)
      : access_(parts.access),
        limits_(parts.limits),
        watch_(jobs),
        queue_(jobs),
        builds_(parts.sandbox.environments()),
        context_{parts.sandbox, jobs, files, limits_, watch_, queue_, builds_, parts.operations} {}

  std::variant<http::Plan, http::Response> plan(const http::Request& head) override {
    const RouteMatch match = find_route(head.method, head.segments);
    try {
      return plan_for_route(head, checked(match));
    } catch (const std::exception& error) {
      http::Response response = failure(error, head);
      if (response.status == 405) response.headers.emplace_back("Allow", match.allow);
      return response;
    }
  }

  http::Response refusal(int status, std::string_view code, std::string_view sentence,
                         const std::string& request_id) override {
    return error_response(Refusal(status, code, std::string(sentence)), request_id);
  }

  http::Response failure(const std::exception& error, const http::Request& request) override {
    if (is_own_failure(error)) context_.operations.failed(request, error);
    return error_response(error, request.id);
  }

  void answered(const http::Request& request, int status, std::chrono::microseconds took) override {
    context_.operations.answered(request, status, took);
  }

 private:
  std::variant<http::Plan, http::Response> plan_for_route(const http::Request& head, const RouteMatch& match) {
    auto admitted = access_.admit(head, *match.route);
    if (auto* refused = std::get_if<http::Response>(&admitted)) return std::move(*refused);
    check_media_type(head, match.route->body);
    http::Plan plan = plan_for(match.route->body, limits_);
    plan.handler = [this, handle = match.route->handle, caller = std::move(std::get<Caller>(admitted)),
                    job_id = parse_wire_id(match.job_id).value_or(""),
                    file_id = parse_wire_id(match.file_id).value_or("")](http::Request& request) {
      Call call{context_, caller, request, job_id, file_id};
      return handle(call);
    };
    return plan;
  }

  Access& access_;
  ApiLimits limits_;
  JobWatch watch_;
  QueueDepth queue_;
  EnvironmentBuilds builds_;
  Context context_;
};

}  // namespace

std::unique_ptr<http::Application> make_application(const ApplicationParts& parts) {
  JobStore* const jobs = parts.sandbox.jobs();
  FileStore* const files = parts.sandbox.files();
  if (jobs == nullptr || files == nullptr) {
    throw Error(ErrorCode::invalid_request, "The API needs a Sandbox with a JobStore and a FileStore; give it both");
  }
  return std::make_unique<JobApplication>(parts, *jobs, *files);
}

}  // namespace pysandbox::api
