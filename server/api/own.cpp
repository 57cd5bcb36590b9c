#include "api/own.hpp"

#include <utility>

#include "api/refusal.hpp"

namespace pysandbox::api {

Job own_job(const Call& call) {
  auto job = call.job_id.empty() ? std::nullopt : call.context.jobs.find(call.job_id);
  if (!job || job->submission.owner != call.caller.owner) throw job_not_found();
  return *std::move(job);
}

StoredFile own_upload(const Call& call) {
  auto file = call.file_id.empty() ? std::nullopt : call.context.files.find(call.file_id);
  if (!file || file->owner != call.caller.owner) throw file_not_found();
  return *std::move(file);
}

std::vector<Artifact> kept_artifacts(const Job& job, FileStore& files) {
  std::vector<Artifact> kept;
  if (!job.result) return kept;
  for (const Artifact& artifact : job.result->artifacts) {
    if (!artifact.file_id.empty() && files.find(artifact.file_id)) kept.push_back(artifact);
  }
  return kept;
}

}  // namespace pysandbox::api
