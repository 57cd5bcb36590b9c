#include <pysandbox/error.hpp>
#include <pysandbox/job.hpp>

#include <fmt/format.h>

#include <chrono>

#include "value/text.hpp"

namespace pysandbox {
namespace {

constexpr std::chrono::seconds longest_ttl = std::chrono::hours(24 * 365);
constexpr std::size_t longest_url = 8192;
constexpr std::size_t longest_secret = 1024;

[[noreturn]] void refuse(const std::string& sentence) { throw Error(ErrorCode::invalid_request, sentence); }

void check_text(std::string_view text, std::size_t longest, std::string_view what) {
  if (text.size() > longest) {
    throw Error(ErrorCode::too_large,
                fmt::format("{}: {} bytes where at most {} are allowed; shorten it", what, text.size(), longest));
  }
  if (text.find('\0') != std::string_view::npos) refuse(fmt::format("{} holds a NUL; remove it", what));
  if (const auto wrong = find_invalid_utf8(text)) {
    refuse(fmt::format("{} is not valid UTF-8 from byte {} on; write it as UTF-8", what, *wrong));
  }
}

}  // namespace

void check_submission(const Submission& submission) {
  check_text(submission.owner, maximum_key_bytes, "owner");
  check_text(submission.idempotency_key, maximum_key_bytes, "idempotency_key");
  check_text(submission.metadata, maximum_metadata_bytes, "metadata");
  check_text(submission.callback_url, longest_url, "callback_url");
  check_text(submission.callback_secret, longest_secret, "callback_secret");
  if (submission.priority < minimum_priority || submission.priority > maximum_priority) {
    refuse(fmt::format("priority is {}; give a whole number from {} to {}", submission.priority, minimum_priority,
                       maximum_priority));
  }
  if (submission.ttl < std::chrono::seconds::zero() || submission.ttl > longest_ttl) {
    refuse(
        fmt::format("ttl is {} s; give seconds from 0 (no bound) to {}", submission.ttl.count(), longest_ttl.count()));
  }
  if (submission.callback_url.empty() && !submission.callback_secret.empty()) {
    refuse("there is a callback_secret without a callback_url; give both or neither");
  }
}

}  // namespace pysandbox
