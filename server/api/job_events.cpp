// GET /api/jobs/{job_id}/events: the job's log as server-sent events (HTML Living Standard, 9.2).
#include <boost/json/object.hpp>

#include <fmt/format.h>

#include <charconv>
#include <memory>
#include <string>
#include <utility>

#include "api/handlers.hpp"
#include "api/job_answers.hpp"
#include "api/own.hpp"
#include "api/refusal.hpp"
#include "api/time_text.hpp"
#include "value/text.hpp"
#include "wire/json_document.hpp"

namespace pysandbox::api {
namespace {

namespace json = boost::json;

constexpr std::size_t events_at_once = 64;

// `Last-Event-ID: 7` says what a client has that was cut off, and so goes before `?after=7`, with which it may have
// begun.
std::uint64_t after_of(const http::Request& request) {
  const auto header = request.header("last-event-id");
  const bool has_header = header && !header->empty();
  const auto text = has_header ? header : request.parameter("after");
  if (!text || text->empty()) return 0;
  std::uint64_t number = 0;
  const char* const end = text->data() + text->size();
  const auto [stop, error] = std::from_chars(text->data(), end, number);
  constexpr std::uint64_t most = INT64_MAX;  // as far as databases count
  if (error != std::errc() || stop != end || number > most) {
    throw wrong_field(has_header ? "Last-Event-ID" : "after", "must be the id of an event, a whole number");
  }
  return number;
}

std::string_view name_of(const JobEvent& event) {
  switch (event.kind) {
    case JobEvent::Kind::status:
      return "status";
    case JobEvent::Kind::progress:
      return "progress";
    case JobEvent::Kind::output:
      return event.stream == Stream::stdout_stream ? "stdout" : "stderr";
    case JobEvent::Kind::file:
      return "file";
    case JobEvent::Kind::end:
      break;
  }
  return "end";
}

void add_end(json::object& data, const JobEvent& event, JobStore& jobs, const JobId& id) {
  data["status"] = to_string(event.state);
  data["outcome"] = event.outcome ? json::value(to_string(*event.outcome)) : json::value();
  const auto job = jobs.find(id);
  const bool has_code = job && job->result && job->result->exit_code;
  data["exit_code"] = has_code ? json::value(*job->result->exit_code) : json::value();
}

json::object data_of(const JobEvent& event, JobStore& jobs, const JobId& id) {
  json::object data;
  switch (event.kind) {
    case JobEvent::Kind::status:
      data = {{"status", to_string(event.state)}, {"attempt", event.attempt}};
      break;
    case JobEvent::Kind::progress:
    case JobEvent::Kind::output:
      data = {{"text", repair_utf8(event.text)}, {"attempt", event.attempt}};
      break;
    case JobEvent::Kind::file:
      if (event.artifact) data = artifact_answer(id, *event.artifact);
      break;
    case JobEvent::Kind::end:
      add_end(data, event, jobs, id);
      break;
  }
  data["at"] = time_text(event.at);
  return data;
}

// One reader of one job's log.
class EventReader {
 public:
  EventReader(JobStore& jobs, JobId id, std::uint64_t after) : jobs_(jobs), id_(std::move(id)), after_(after) {}

  http::EventBody::Piece next() {
    http::EventBody::Piece piece;
    const std::vector<JobEvent> events = jobs_.events(id_, after_, events_at_once);
    for (const JobEvent& event : events) {
      // JSON on one line: no line break of a program can end the field.
      piece.bytes += fmt::format("id: {}\nevent: {}\ndata: {}\n\n", event.number, name_of(event),
                                 write_json(data_of(event, jobs_, id_), JsonStyle::compact));
      after_ = event.number;
      piece.end = event.kind == JobEvent::Kind::end;
    }
    piece.more = !piece.end && events.size() == events_at_once;
    if (events.empty()) piece.end = nothing_follows();
    return piece;
  }

 private:
  // The job was deleted, or its reader has had the end before.
  bool nothing_follows() {
    const auto job = jobs_.find(id_);
    return !job || (has_ended(*job) && jobs_.events(id_, after_, 1).empty());
  }

  JobStore& jobs_;
  JobId id_;
  std::uint64_t after_;
};

}  // namespace

http::Response job_events(Call& call) {
  const Job job = own_job(call);
  JobStore& jobs = call.context.jobs;
  const std::uint64_t after = after_of(call.request);
  // Else a browser would come back every few seconds, for ever (HTML Living Standard, 9.2.3).
  if (has_ended(job) && jobs.events(job.id, after, 1).empty()) {
    return {.status = 204, .headers = {{"Cache-Control", "no-store"}}};
  }
  const auto reader = std::make_shared<EventReader>(jobs, job.id, after);
  return {.headers = {{"Content-Type", "text/event-stream; charset=utf-8"},
                      {"X-Content-Type-Options", "nosniff"},
                      {"Cache-Control", "no-store"},
                      {"X-Accel-Buffering", "no"}},
          .body = http::EventBody{.subscribe = call.context.watch.subscription(job.id),
                                  .next = [reader] { return reader->next(); }}};
}

}  // namespace pysandbox::api
