// What a handler gets: the parts it works with, who asks, and what.
#pragma once

#include <pysandbox/file_store.hpp>
#include <pysandbox/job_store.hpp>
#include <pysandbox/sandbox.hpp>

#include "api/access.hpp"
#include "api/api_limits.hpp"
#include "api/environment_builds.hpp"
#include "api/job_watch.hpp"
#include "api/operations.hpp"
#include "api/queue_depth.hpp"
#include "http/application.hpp"

namespace pysandbox::api {

struct Context {
  Sandbox& sandbox;
  JobStore& jobs;    // of `sandbox`
  FileStore& files;  // of `sandbox`
  const ApiLimits& limits;
  JobWatch& watch;
  QueueDepth& queue;
  EnvironmentBuilds& builds;
  Operations& operations;
};

struct Call {
  Context& context;
  const Caller& caller;
  http::Request& request;
  JobId job_id{};    // from the path; empty if what stands there is no id
  FileId file_id{};  // the same
};

}  // namespace pysandbox::api
