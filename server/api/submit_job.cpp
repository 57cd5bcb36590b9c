// POST /api/jobs
#include <boost/json/array.hpp>
#include <boost/json/object.hpp>

#include <string>
#include <utility>

#include "api/handlers.hpp"
#include "api/job_answers.hpp"
#include "api/job_body.hpp"
#include "api/json_response.hpp"
#include "api/own.hpp"
#include "api/package_refusals.hpp"
#include "api/refusal.hpp"
#include "api/wait_time.hpp"

namespace pysandbox::api {
namespace {

namespace json = boost::json;
using std::chrono::steady_clock;

constexpr std::chrono::seconds retry_queue_full{5};
constexpr std::chrono::seconds retry_too_many{2};

void add_what_the_head_says(const Call& call, JobBody& body) {
  body.submission.owner = call.caller.owner;
  body.submission.max_active = call.caller.max_active;
  if (const auto key = call.request.header("idempotency-key")) {
    if (key->empty()) throw wrong_field("Idempotency-Key", "is empty; give a key or leave it out");
    if (key->size() > maximum_key_bytes) throw wrong_field("Idempotency-Key", "is longer than 255 bytes; shorten it");
    body.submission.idempotency_key = *key;
  }
  if (!body.wait) body.wait = wait_of(call.request, call.context.limits);
}

void check_uploads(const Call& call, const JobBody& body) {
  FieldProblems problems;
  for (const UploadReference& upload : body.uploads) {
    const auto file = call.context.files.find(upload.file_id);
    if (!file || file->owner != call.caller.owner) {
      problems.add(wrong_field(upload.field, "names no uploaded file; upload it (again)"));
    } else if (!upload.sha256.empty() && upload.sha256 != file->sha256) {
      problems.add(wrong_field(upload.field, "names a file with another sha256; upload the right one"));
    }
  }
  problems.throw_if_any();
}

void check_callback(const Call& call, const JobBody& body) {
  const std::string& url = body.submission.callback_url;
  if (url.empty()) return;
  const WebClient* const web = call.context.sandbox.web();
  if (web == nullptr) throw wrong_field("callback_url", "cannot be used: this server calls nobody; leave it out");
  const std::string objection = web->objection_to(url);
  if (!objection.empty()) throw wrong_field("callback_url", "cannot be used: " + objection);
}

json::array queue_length(Context& context) { return {json::object{{"queue_length", context.queue.now()}}}; }

void refuse_if_full(Context& context) {
  if (context.queue.now() < context.limits.max_queued) return;
  throw Refusal(429, "queue_full", "Too many jobs are waiting; submit again later", queue_length(context))
      .retry_after(retry_queue_full);
}

Added add(Context& context, const JobBody& body) {
  try {
    const Added added = context.sandbox.submit(body.request, body.submission);
    if (added.is_new) context.queue.count_added();
    return added;
  } catch (const Error& error) {
    switch (error.code()) {
      case ErrorCode::overloaded:
        throw Refusal(429, "too_many_jobs", error.what(), queue_length(context)).retry_after(retry_too_many);
      case ErrorCode::conflict:
        throw Refusal(409, "idempotency_conflict", error.what());
      case ErrorCode::not_found:  // an upload that was there a moment ago
        throw Refusal(400, "invalid_request", error.what());
      default:
        throw;
    }
  }
}

// What the submission was, for the answer.
struct Submitted {
  Added added;
  std::vector<std::string> warnings;
  std::string request_id;

  std::string_view message() const { return added.is_new ? "Job queued successfully" : "Job already submitted"; }
};

// The results if the job has ended; the submission's answer with 202 if it must be now.
std::optional<http::Response> look(const Context& context, const Submitted& submitted, http::Waiting::Turn turn) {
  const auto job = context.jobs.find(submitted.added.id);
  if (!job) return error_response(job_not_found(), submitted.request_id);
  if (has_ended(*job)) {
    return json_response(200, results_answer(*job, kept_artifacts(*job, context.files), submitted.warnings));
  }
  if (turn == http::Waiting::Turn::early) return std::nullopt;
  return json_response(202, submission_answer(*job, submitted.message(), submitted.warnings));
}

http::Response wait_for(const Context& context, Submitted submitted, std::chrono::milliseconds time) {
  auto waiting = std::make_shared<http::Waiting>();
  waiting->subscribe = context.watch.subscription(submitted.added.id);
  waiting->deadline = steady_clock::now() + time;
  waiting->look = [&context, submitted = std::move(submitted)](http::Waiting::Turn turn) {
    return look(context, submitted, turn);
  };
  return {.body = std::move(waiting)};
}

// A new job is queued, whatever has become of it by now; an earlier one is where it is.
Job state_of(const Context& context, const Added& added) {
  if (!added.is_new) {
    if (auto job = context.jobs.find(added.id)) return *std::move(job);
  }
  Job job;
  job.id = added.id;
  return job;
}

}  // namespace

http::Response submit_job(Call& call) {
  Context& context = call.context;
  JobBody body = parse_job_body(call.request.body, context.limits);
  add_what_the_head_says(call, body);
  check_uploads(call, body);
  check_callback(call, body);
  check_packages(context.sandbox, {body.request.packages, body.request.environment}, "environment");
  refuse_if_full(context);
  Submitted submitted{add(context, body), std::move(body.warnings), call.request.id};
  if (body.wait && body.wait->count() > 0) return wait_for(context, std::move(submitted), *body.wait);
  return json_response(200,
                       submission_answer(state_of(context, submitted.added), submitted.message(), submitted.warnings));
}

}  // namespace pysandbox::api
