// GET /api/jobs/{job_id}/files and what is below it.
#include <boost/json/array.hpp>
#include <boost/json/object.hpp>

#include <algorithm>
#include <utility>

#include "api/downloads.hpp"
#include "api/handlers.hpp"
#include "api/job_answers.hpp"
#include "api/json_response.hpp"
#include "api/own.hpp"
#include "api/refusal.hpp"
#include "api/wire_id.hpp"
#include "api/zip_stream.hpp"

namespace pysandbox::api {
namespace {

namespace json = boost::json;

// The artifact that the path names, if the job has it.
Artifact own_artifact(const Call& call) {
  const Job job = own_job(call);
  if (!job.result || call.file_id.empty()) throw file_not_found();
  const auto& artifacts = job.result->artifacts;
  const auto found = std::ranges::find(artifacts, call.file_id, &Artifact::file_id);
  if (found == artifacts.end()) throw file_not_found();
  return *found;
}

std::vector<ZipEntry> zip_entries(const Job& job, FileStore& files) {
  const std::vector<Artifact> artifacts = kept_artifacts(job, files);
  std::vector<std::string> paths;
  for (const Artifact& artifact : artifacts) paths.push_back(artifact.path);
  std::vector<std::string> names = zip_names(paths);
  std::vector<ZipEntry> entries;
  for (std::size_t index = 0; index < artifacts.size(); ++index) {
    entries.push_back({.name = std::move(names[index]),
                       .size = artifacts[index].size,
                       .modified_at = job.completed_at.value_or(job.created_at),
                       .open = [&files, id = artifacts[index].file_id] { return files.read(id, 0); }});
  }
  return entries;
}

}  // namespace

http::Response list_job_files(Call& call) {
  const Job job = own_job(call);
  json::array answers;
  for (const Artifact& artifact : kept_artifacts(job, call.context.files)) {
    answers.push_back(artifact_answer(job.id, artifact));
  }
  return json_response(200, json::object{{"files", std::move(answers)}});
}

http::Response zip_job_files(Call& call) {
  const Job job = own_job(call);
  http::StreamBody body{.bytes = zip_stream(zip_entries(job, call.context.files)), .size = std::nullopt};
  return {.headers = download_headers("application/zip", "job-" + job.id.substr(0, 8) + ".zip"),
          .body = std::move(body)};
}

http::Response get_job_file(Call& call) {
  const Artifact artifact = own_artifact(call);
  const auto file = call.context.files.find(artifact.file_id);
  if (!file) throw file_not_found();
  const std::string& path = artifact.path;
  return file_response(call.request, call.context.files, *file, std::string_view(path).substr(path.rfind('/') + 1));
}

http::Response delete_job_file(Call& call) {
  const Artifact artifact = own_artifact(call);
  if (!call.context.files.remove(artifact.file_id)) throw file_not_found();
  return json_response(200, json::object{{"file_id", to_wire_id(artifact.file_id)}, {"message", "File deleted"}});
}

}  // namespace pysandbox::api
