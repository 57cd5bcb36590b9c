// The body of a submission: whatever it is, it is refused in words or becomes a request that every store takes, within the operator's
// limits, and that reads no file of the host.
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <exception>
#include <string>
#include <string_view>
#include <variant>

#include <pysandbox/error.hpp>

#include "api/job_body.hpp"
#include "api/refusal.hpp"
#include "value/text.hpp"

namespace {

using namespace pysandbox;

void demand(bool holds) {
  if (!holds) std::abort();
}

api::ApiLimits operators_limits() {
  api::ApiLimits limits;
  limits.max_limits.time_limit = std::chrono::seconds(100);
  limits.max_limits.memory_bytes = 1ULL << 30;
  return limits;
}

void check(const api::JobBody& body, const api::ApiLimits& limits) {
  check_request(body.request);
  check_submission(body.submission);
  demand(!body.request.code.empty());
  for (const InputFile& input : body.request.inputs) demand(input.source.empty());
  for (const LimitField& field : limit_fields()) {
    demand(get_limit(body.request.limits, field.name) <= get_limit(limits.max_limits, field.name));
  }
  demand(!body.wait || (body.wait->count() >= 0 && *body.wait <= limits.max_wait));
  for (const api::UploadReference& upload : body.uploads) demand(upload.file_id.size() == 32);
  for (const std::string& warning : body.warnings) demand(!find_invalid_utf8(warning) && warning.size() < 2000);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static const api::ApiLimits limits = operators_limits();
  try {
    check(api::parse_job_body({reinterpret_cast<const char*>(data), size}, limits), limits);
  } catch (const Error& error) {
    const http::Response response = api::error_response(error, "id");
    demand(response.status == 400 || response.status == 413);
    demand(!find_invalid_utf8(std::get<std::string>(response.body)));
  }
  return 0;
}
