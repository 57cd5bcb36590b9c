// GET /api/jobs
#include <boost/json/array.hpp>
#include <boost/json/object.hpp>

#include <fmt/format.h>

#include <string>
#include <utility>

#include "api/body_field.hpp"
#include "api/handlers.hpp"
#include "api/job_answers.hpp"
#include "api/json_response.hpp"
#include "api/refusal.hpp"
#include "api/wire_id.hpp"
#include "value/words.hpp"

namespace pysandbox::api {
namespace {

namespace json = boost::json;

// The parameter, if it is there and not empty.
std::optional<std::string_view> given(const Call& call, std::string_view name) {
  const auto text = call.request.parameter(name);
  return text && !text->empty() ? text : std::nullopt;
}

std::size_t page_size(const Call& call) {
  const ApiLimits& limits = call.context.limits;
  const auto text = given(call, "limit");
  if (!text) return limits.page;
  try {
    const json::value value(json::string_view(text->data(), text->size()));
    return static_cast<std::size_t>(BodyField(value).whole_number(1, static_cast<std::int64_t>(limits.max_page)));
  } catch (const Refusal&) {
    throw wrong_field("limit", fmt::format("must be a whole number from 1 to {}", limits.max_page));
  }
}

JobFilter filter_of(const Call& call) {
  JobFilter filter{.limit = page_size(call) + 1, .owner = call.caller.owner};  // one more tells whether a page follows
  if (const auto text = given(call, "status")) {
    filter.state = parse_job_state(*text);
    if (!filter.state) throw wrong_field("status", "must be queued, running, completed or failed");
  }
  if (const auto text = given(call, "outcome")) {
    filter.outcome = parse_outcome(*text);
    if (!filter.outcome) throw wrong_field("outcome", "must be one of the outcomes, for example ok");
  }
  if (const auto text = given(call, "cursor")) {
    auto id = parse_wire_id(*text);
    const auto job = id ? call.context.jobs.find(*id) : std::nullopt;
    // Another's job and none at all look alike, and a list whose end is unknown does not look complete.
    if (!job || job->submission.owner != call.caller.owner) {
      throw wrong_field("cursor", "must be the next_cursor of the page before, and its job still there; begin anew");
    }
    filter.after = *std::move(id);
  }
  return filter;
}

}  // namespace

http::Response list_jobs(Call& call) {
  const JobFilter filter = filter_of(call);
  std::vector<Job> jobs = call.context.jobs.list(filter);
  const bool is_last_page = jobs.size() < filter.limit;
  if (!is_last_page) jobs.pop_back();
  json::array answers;
  for (const Job& job : jobs) answers.push_back(status_answer(job, std::nullopt));
  return json_response(
      200, json::object{{"jobs", std::move(answers)},
                        {"next_cursor", is_last_page ? json::value() : json::value(to_wire_id(jobs.back().id))}});
}

}  // namespace pysandbox::api
