#include <algorithm>

#include <pysandbox/environment_store.hpp>
#include <pysandbox/error.hpp>

#include "value/curated.hpp"
#include "value/requirement.hpp"
#include "value/text.hpp"

namespace pysandbox {
namespace {

constexpr std::size_t digest_digits = 64;
constexpr std::size_t fewest_digits = 8;

// The beginning of a digest, or the whole of it.
bool looks_like_digest(const std::string& name) {
  return name.size() >= fewest_digits && name.size() <= digest_digits &&
         name.find_first_not_of("0123456789abcdef") == std::string::npos;
}

void check_name(const EnvironmentRequest& request) {
  if (request.name.empty() || curated_packages(request.name)) return;
  if (!looks_like_digest(request.name)) {
    throw Error(ErrorCode::invalid_request, "There is no environment " + quoted(request.name) + "; there are " +
                                                curated_names() + ", and the digests of those that are there");
  }
  if (!request.packages.empty()) {
    throw Error(ErrorCode::invalid_request, "The environment " + quoted(request.name) +
                                                " is named by its digest, so nothing can be added to it; leave "
                                                "the packages out, or ask for packages alone");
  }
}

}  // namespace

void check_environment_request(const EnvironmentRequest& request) {
  if (request.packages.size() > maximum_packages) {
    throw Error(ErrorCode::invalid_request, "The job asks for " + std::to_string(request.packages.size()) +
                                                " packages where at most " + std::to_string(maximum_packages) +
                                                " are allowed; leave out those that others bring");
  }
  for (const auto& package : request.packages) parse_requirement(package);
  check_name(request);
}

}  // namespace pysandbox
