#include "retention.hpp"

#include <algorithm>
#include <chrono>

#include <pysandbox/error.hpp>

#include "file/artifacts.hpp"
#include "support/failpoint.hpp"

namespace pysandbox {
namespace {

constexpr std::size_t page = 200;

// Often enough that a file in use is renewed in good time, and that little overstays.
std::chrono::milliseconds pause_between(const QueueOptions& options) {
  constexpr std::chrono::seconds longest = std::chrono::minutes(10);
  std::chrono::seconds shortest_retention = 10 * longest;
  for (const auto retention : {options.file_retention, options.job_retention}) {
    if (retention.count() > 0) shortest_retention = std::min(shortest_retention, retention);
  }
  return std::chrono::milliseconds(shortest_retention) / 10;
}

}  // namespace

Retention::Retention(JobStore& jobs, FileStore* files, const QueueOptions& options)
    : jobs_(jobs), files_(files), options_(options), thread_([this](const std::stop_token& stop) { run(stop); }) {}

void Retention::run(const std::stop_token& stop) {
  while (!stop.stop_requested()) {
    try {
      sweep(stop);
    } catch (const std::exception& error) {
      if (options_.on_event) {
        options_.on_event(
            {.kind = SandboxEvent::Kind::trouble, .sentence = std::string("removing what is old: ") + error.what()});
      }
    }
    std::unique_lock lock(mutex_);
    stopped_.wait_for(lock, stop, pause_between(options_), [] { return false; });
  }
}

void Retention::sweep(const std::stop_token& stop) {
  if (files_ != nullptr && options_.file_retention.count() > 0) {
    renew_files_in_use();
    files_->remove_older_than(options_.file_retention);
  }
  if (options_.job_retention.count() > 0) remove_old_jobs(stop);
}

// Submitting a job renews its files, too: so a job that comes after the list was read keeps them as well.
void Retention::renew_files_in_use() {
  for (const JobState state : {JobState::queued, JobState::running}) {
    JobFilter filter{.state = state, .limit = page};
    for (;;) {
      const std::vector<Job> jobs = jobs_.list(filter);
      for (const Job& job : jobs) {
        for (const InputFile& input : job.request.inputs) {
          if (!input.file_id.empty()) files_->renew(input.file_id);
        }
      }
      if (jobs.size() < page) break;
      filter.after = jobs.back().id;
    }
  }
}

void Retention::remove_old_jobs(const std::stop_token& stop) {
  while (!stop.stop_requested()) {
    const std::vector<JobId> old = jobs_.ended_before(options_.job_retention, page);
    for (const JobId& id : old) remove_job(jobs_, files_, id);
    if (old.size() < page) return;
  }
}

bool remove_job(JobStore& jobs, FileStore* files, const JobId& id) {
  const auto job = jobs.find(id);
  if (!job || !jobs.remove(id)) return false;
  failpoint("after_job_removal");
  if (job->result) remove_artifacts(*job->result, files);
  return true;
}

}  // namespace pysandbox
