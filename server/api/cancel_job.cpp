// POST /api/jobs/{job_id}/cancel and DELETE /api/jobs/{job_id}
#include <boost/json/object.hpp>

#include <string>
#include <utility>

#include "api/handlers.hpp"
#include "api/job_answers.hpp"
#include "api/json_response.hpp"
#include "api/own.hpp"
#include "api/refusal.hpp"

namespace pysandbox::api {
namespace {

using std::chrono::steady_clock;

std::string_view message_of(const Job& job) {
  if (!has_ended(job)) return "Job is being cancelled";
  const bool was_cancelled = job.result && job.result->outcome == Outcome::cancelled;
  return was_cancelled ? "Job cancelled" : "Job ended before it could be cancelled";
}

std::optional<http::Response> look(const Context& context, const JobId& id, const std::string& request_id,
                                   http::Waiting::Turn turn) {
  const auto job = context.jobs.find(id);
  if (!job) return error_response(job_not_found(), request_id);
  if (!has_ended(*job) && turn == http::Waiting::Turn::early) return std::nullopt;
  return json_response(200, submission_answer(*job, message_of(*job), {}));
}

// Answers when the job has ended.
http::Response cancel(Call& call, const JobId& id) {
  const Context& context = call.context;
  context.sandbox.cancel(id);
  auto waiting = std::make_shared<http::Waiting>();
  waiting->subscribe = context.watch.subscription(id);
  waiting->deadline = steady_clock::now() + context.limits.cancel_wait;
  waiting->look = [&context, id, request_id = call.request.id](http::Waiting::Turn turn) {
    return look(context, id, request_id, turn);
  };
  return {.body = std::move(waiting)};
}

}  // namespace

http::Response cancel_job(Call& call) {
  const Job job = own_job(call);
  if (has_ended(job)) throw Refusal(409, "already_ended", "Job has already ended");
  return cancel(call, job.id);
}

http::Response delete_job(Call& call) {
  const Job job = own_job(call);
  if (!has_ended(job)) return cancel(call, job.id);
  if (!call.context.sandbox.remove(job.id)) throw job_not_found();  // somebody else was faster
  return json_response(200, submission_answer(job, "Job deleted", {}));
}

}  // namespace pysandbox::api
