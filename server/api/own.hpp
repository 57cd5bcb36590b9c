// What is there for the caller: jobs and files of others are not.
#pragma once

#include <vector>

#include <pysandbox/file_store.hpp>
#include <pysandbox/job.hpp>

#include "api/context.hpp"

namespace pysandbox::api {

// Both throw a Refusal, 404, unless the path names one of the caller's own.
Job own_job(const Call& call);
StoredFile own_upload(const Call& call);

// The artifacts of `job` whose bytes the file store still has.
std::vector<Artifact> kept_artifacts(const Job& job, FileStore& files);

}  // namespace pysandbox::api
