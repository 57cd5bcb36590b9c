// The packages that a job asks for, as an environment that is ready, or as what became of the job without them.
#pragma once

#include <memory>
#include <optional>
#include <stop_token>

#include <pysandbox/environment_store.hpp>
#include <pysandbox/job.hpp>
#include <pysandbox/result.hpp>

namespace pysandbox {

struct PreparedPackages {
  std::shared_ptr<const Environment> environment{};  // empty: the job asks for none
  std::optional<RunResult> refusal{};                // set: they cannot be had, and this is how the job ends
};

// `store` may be null: then there are none to be had. Throws what may go better another time (Error::retryable()).
PreparedPackages prepare_packages(const JobRequest& request, EnvironmentStore* store,
                                  const EnvironmentProgress& progress, std::stop_token stop);

}  // namespace pysandbox
