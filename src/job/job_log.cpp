#include "job/job_log.hpp"

#include <utility>

#include "job/job_rules.hpp"
#include "value/text.hpp"

namespace pysandbox {
namespace {

// The last events of one job, numbered from where the kept ones end.
class LastEvents {
 public:
  LastEvents(const Job& job, const KeptLog& kept) : job_(job), number_(kept.last_number) {
    const RunResult& result = *job.result;
    add_rest(Stream::stdout_stream, result.stdout, kept.stdout_bytes);
    add_rest(Stream::stderr_stream, result.stderr, kept.stderr_bytes);
    for (const Artifact& artifact : result.artifacts) add(JobEvent::Kind::file).artifact = artifact;
    add(JobEvent::Kind::end).outcome = result.outcome;
  }

  std::vector<JobEvent> take() { return std::move(events_); }

 private:
  JobEvent& add(JobEvent::Kind kind) {
    JobEvent event;
    event.number = ++number_;
    event.at = *job_.completed_at;
    event.kind = kind;
    event.state = job_.state;
    event.attempt = job_.attempt;
    return events_.emplace_back(std::move(event));
  }

  void add_rest(Stream stream, const std::string& text, std::uint64_t appended) {
    if (appended >= text.size()) return;
    for (const std::string_view piece : pieces_of(std::string_view(text).substr(appended), most_event_bytes)) {
      JobEvent& event = add(JobEvent::Kind::output);
      event.state = JobState::running;
      event.stream = stream;
      event.text = piece;
    }
  }

  const Job& job_;
  std::uint64_t number_;
  std::vector<JobEvent> events_;
};

}  // namespace

JobEvent first_event(const Job& job) {
  JobEvent event;
  event.number = first_kept_number - 1;
  event.at = job.created_at;
  return event;
}

void add_last_events(std::vector<JobEvent>& page, const Job& job, const KeptLog& kept, std::uint64_t after,
                     std::size_t limit) {
  for (JobEvent& event : LastEvents(job, kept).take()) {
    if (page.size() >= limit) return;
    if (event.number > after) page.push_back(std::move(event));
  }
}

}  // namespace pysandbox
