#include "refusal.hpp"

#include <fmt/format.h>

#include "report.hpp"
#include "wire/json_document.hpp"
#include "wire/json_field.hpp"

namespace pysandbox::cli {
namespace {

ErrorCode code_of(int status) {
  switch (status) {
    case 404:
    case 410:
      return ErrorCode::not_found;
    case 409:
      return ErrorCode::conflict;
    case 413:
    case 507:
      return ErrorCode::too_large;
    case 429:
    case 503:
      return ErrorCode::overloaded;
    default:
      return status >= 500 ? ErrorCode::unavailable : ErrorCode::invalid_request;
  }
}

const char* advice_for(int status) {
  switch (status) {
    case 401:
      return "; give a key with PYSANDBOX_API_KEY or --key";
    case 429:
      return "; try again later";
    default:
      return "";
  }
}

// "error", and the fields that "details" names.
std::string sentence_in(std::string_view body) {
  const auto document = parse_json(body);
  const JsonField root(document, "");
  std::string sentence = root.at("error").text();
  const auto details = root.find_set("details");
  if (!details) return sentence;
  for (const JsonField& detail : details->elements()) {
    const auto field = detail.find_set("field");
    const auto problem = detail.find_set("problem");
    if (field && problem) sentence += fmt::format("; {}: {}", field->text(), problem->text());
  }
  return sentence;
}

}  // namespace

Error refusal(int status, std::string_view body, const std::string& server) {
  constexpr std::size_t longest = 2000;
  try {
    const std::string sentence = printable(sentence_in(body).substr(0, longest));
    return {code_of(status), fmt::format("the server refuses: {}{}", sentence, advice_for(status))};
  } catch (const Error&) {
    return {code_of(status), fmt::format("{} answers with status {}, and not as a pysandbox server does; is --server "
                                         "right?{}",
                                         server, status, advice_for(status))};
  }
}

}  // namespace pysandbox::cli
