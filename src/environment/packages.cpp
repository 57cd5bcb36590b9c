#include "environment/packages.hpp"

#include <utility>

#include <pysandbox/error.hpp>

namespace pysandbox {
namespace {

RunResult ended_without_packages(std::string observed, std::string hint) {
  RunResult result;
  result.outcome = Outcome::package_error;
  result.failure = Failure{.limit = "packages", .observed = std::move(observed), .hint = std::move(hint)};
  return result;
}

RunResult ended_by_stop() {
  RunResult result;
  result.outcome = Outcome::cancelled;
  return result;
}

PreparedPackages refused(RunResult result) { return {.environment = {}, .refusal = std::move(result)}; }

}  // namespace

PreparedPackages prepare_packages(const JobRequest& request, EnvironmentStore* store,
                                  const EnvironmentProgress& progress, std::stop_token stop) {
  if (request.packages.empty() && request.environment.empty()) return {};
  if (store == nullptr) {
    return refused(ended_without_packages("nothing here makes packages ready",
                                          "give the Sandbox an EnvironmentStore, or use the standard library alone"));
  }
  try {
    const EnvironmentProgress heard = progress ? progress : [](std::string_view) {};
    return {.environment = store->prepare({request.packages, request.environment}, heard, stop), .refusal = {}};
  } catch (const Error& error) {
    if (stop.stop_requested()) return refused(ended_by_stop());
    if (error.retryable()) throw;
    const bool is_refused = error.code() == ErrorCode::environment_failed ||
                            error.code() == ErrorCode::invalid_request || error.code() == ErrorCode::not_found ||
                            error.code() == ErrorCode::too_large;
    if (!is_refused) throw;
    return refused(ended_without_packages(error.what(), "correct the packages and submit the job again"));
  }
}

}  // namespace pysandbox
