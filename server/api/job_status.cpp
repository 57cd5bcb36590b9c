// GET /api/jobs/{job_id}, /status and /results.
#include "api/handlers.hpp"
#include "api/job_answers.hpp"
#include "api/json_response.hpp"
#include "api/own.hpp"
#include "api/refusal.hpp"

namespace pysandbox::api {

http::Response job_status(Call& call) {
  const Job job = own_job(call);
  const auto position = job.state == JobState::queued ? call.context.jobs.position(job.id) : std::nullopt;
  return json_response(200, status_answer(job, position));
}

http::Response job_results(Call& call) {
  const Job job = own_job(call);
  if (!has_ended(job)) throw Refusal(400, "not_completed", "Job has not completed yet");
  return json_response(200, results_answer(job, kept_artifacts(job, call.context.files)));
}

}  // namespace pysandbox::api
