// Requirements as strangers write them: what is accepted must be harmless as a line of a requirements file, must mean
// the same when it is read again, and nothing else may be thrown than our Error.

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <iostream>
#include <string>
#include <string_view>

#include <pysandbox/error.hpp>

#include "packages/credentials.hpp"
#include "packages/pylock.hpp"
#include "packages/wheel_name.hpp"
#include "value/requirement.hpp"
#include "value/text.hpp"

namespace pysandbox {
namespace {

void must(bool holds, std::string_view what, std::string_view on) {
  if (holds) return;
  std::cerr << what << ": " << quoted(on) << '\n';
  std::abort();
}

void try_requirement(std::string_view text) {
  Requirement requirement;
  try {
    requirement = parse_requirement(text);
  } catch (const Error& error) {
    must(error.code() == ErrorCode::invalid_request, "wrong code", text);
    must(std::string_view(error.what()).find('\n') == std::string_view::npos, "a sentence of two lines", text);
    return;
  }
  const std::string line = requirement.text();
  must(!line.empty() && line.front() != '-' && line.front() != '.' && line.front() != '/', "looks like an option",
       text);
  const std::string before_marker = line.substr(0, line.find(';'));
  must(before_marker.find_first_of("@/\\#$`\"'|&%") == std::string::npos, "more than a name and versions", text);
  for (const char c : line) must(c >= 0x20 && c < 0x7f, "a character that hides", text);
  must(parse_requirement(line) == requirement, "read again it means something else", text);
}

void try_others(std::string_view text) {
  try {
    packages::parse_pylock(text);
  } catch (const Error&) {
  }
  const packages::Interpreter interpreter{"3.11.2", "cpython-311", "x", "x86_64", "glibc", "2.36"};
  if (const auto name = packages::parse_wheel_name(text)) {
    packages::wheel_fit(*name, interpreter);
    must(text.find('/') == text.npos && text.front() != '.', "a wheel's name that is a path", text);
  }
  const std::string masked = packages::without_credentials(text);
  for (const auto& found : packages::find_credentials(masked)) must(found.user_info == "***", "not masked", text);
}

}  // namespace
}  // namespace pysandbox

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  pysandbox::try_requirement(text);
  pysandbox::try_others(text);
  return 0;
}
