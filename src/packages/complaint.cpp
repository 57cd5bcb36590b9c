#include "packages/complaint.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <optional>
#include <regex>

#include "packages/credentials.hpp"
#include "packages/known_names.hpp"
#include "support/in_quotes.hpp"
#include "value/requirement.hpp"
#include "value/text.hpp"

namespace pysandbox::packages {
namespace {

constexpr std::size_t longest_explanation = 1200;

// On one line, without what only draws a tree, and without colours.
std::string flat(std::string_view text) {
  static const std::regex drawing("\\x1b\\[[0-9;]*m|×|╰─▶|├─▶|╰|│|├|─|▶|·");
  static const std::regex spaces("[ \\t\\r\\n]+");
  std::string result = std::regex_replace(without_credentials(repair_utf8(text)), drawing, " ");
  result = std::regex_replace(result, spaces, " ");
  result.erase(0, std::min(result.find_first_not_of(' '), result.size()));
  while (!result.empty() && (result.back() == ' ' || result.back() == '.')) result.pop_back();
  return result;
}

std::optional<std::string> first_match(const std::string& text, const std::regex& pattern) {
  std::smatch match;
  if (!std::regex_search(text, match, pattern)) return std::nullopt;
  return match[1].str();
}

// What is said of an index that does not answer, answers wrongly, or lets nobody in.
bool is_about_connection(const std::string& text) {
  constexpr std::array<std::string_view, 16> signs{"Failed to fetch",
                                                   "error sending request",
                                                   "Could not connect",
                                                   "Connection refused",
                                                   "ConnectTimeoutError",
                                                   "Read timed out",
                                                   "NewConnectionError",
                                                   "Max retries exceeded",
                                                   "SSLError",
                                                   "Temporary failure",
                                                   "error decoding response",
                                                   "ProtocolError",
                                                   "operation timed out",
                                                   "HTTP status",
                                                   "dns error",
                                                   "IncompleteRead"};
  return std::ranges::any_of(signs, [&](std::string_view sign) { return text.find(sign) != text.npos; });
}

std::string from(const std::string& text, std::string_view begin) {
  const auto at = text.find(begin);
  return at == text.npos ? text : text.substr(at + begin.size());
}

std::string cut(std::string text) {
  if (text.size() > longest_explanation) text = repair_utf8(text.substr(0, longest_explanation)) + "...";
  return text;
}

std::optional<std::string> missing_package(const std::string& text) {
  static const std::regex by_uv(
      "([A-Za-z0-9._-]+) was not found in the (?:package registry|provided package locations)");
  return first_match(text, by_uv);
}

std::optional<std::string> package_without_wheel(const std::string& text) {
  static const std::regex by_uv("([A-Za-z0-9._-]+)(?:[=<>!~,0-9a-z.+*]*) (?:has|have) no (?:usable )?wheels");
  return first_match(text, by_uv);
}

// pip says the same of a name that is none and of one without a wheel that fits.
std::optional<std::string> unmatched_by_pip(const std::string& text) {
  static const std::regex pattern("No matching distribution found for ([A-Za-z0-9._-]+)");
  return first_match(text, pattern);
}

std::string versions_that_pip_saw(const std::string& text) {
  static const std::regex pattern("\\(from versions: ([^)]*)\\)");
  const auto versions = first_match(text, pattern);
  return versions && *versions != "none" ? *versions : "";
}

std::string explanation(const std::string& text, const Interpreter& interpreter) {
  if (const auto name = missing_package(text)) return no_such_package(*name);
  if (const auto name = package_without_wheel(text)) {
    return fmt::format("there is no wheel of {} for {}: {}", in_quotes(*name), interpreter.title(),
                       from(text, "cause: "));
  }
  if (const auto name = unmatched_by_pip(text)) {
    if (const std::string versions = versions_that_pip_saw(text); !versions.empty()) {
      return fmt::format("no version of {} fits what is asked for; there are {}", in_quotes(*name), versions);
    }
    return fmt::format("{}, or no wheel of it for {}", no_such_package(*name), interpreter.title());
  }
  if (text.find("conflicting dependencies") != text.npos) {
    std::string conflict = from(text, "The conflict is caused by: ");
    return "their needs conflict: " + conflict.substr(0, conflict.find(" To fix this you could"));
  }
  if (text.find("No solution found") != text.npos) return from(from(text, "resolving dependencies"), "cause: ");
  return text;
}

// The first words of each match.
std::vector<std::string> all_matches(const std::string& text, const std::regex& pattern) {
  std::vector<std::string> found;
  for (std::sregex_iterator match(text.begin(), text.end(), pattern), end; match != end; ++match) {
    found.push_back((*match)[1].str());
  }
  return found;
}

// uv: "you require half>=2, we", "needs-half depend on half[x]>=2 and". pip: "a 1.0 depends on half<2,>=1".
std::vector<std::string> specifiers_of(const std::string& name, const std::string& text) {
  static const std::regex pattern(
      "(?:requires?|requested|depends? on|distribution found for) ([A-Za-z0-9._-]*[A-Za-z0-9])(?:\\[[^\\]]*\\])? ?"
      "((?:===|==|!=|<=|>=|~=|<|>)[A-Za-z0-9._+!*-]+(?:, ?(?:===|==|!=|<=|>=|~=|<|>)[A-Za-z0-9._+!*-]+)*)");
  std::vector<std::string> found;
  for (std::sregex_iterator match(text.begin(), text.end(), pattern), end; match != end; ++match) {
    std::string specifiers = (*match)[2].str();
    while (specifiers.ends_with('.')) specifiers.pop_back();
    const bool known = std::ranges::find(found, specifiers) != found.end();
    if (!known && normalized_package_name((*match)[1].str()) == name) found.push_back(std::move(specifiers));
  }
  return found;
}

}  // namespace

std::vector<MissingWheel> missing_wheels(std::string_view output) {
  static const std::regex by_uv(
      "([A-Za-z0-9._-]*[A-Za-z0-9])(?:[=<>!~][=<>!~,0-9a-z.+*]*)? (?:has|have) no (?:usable )?wheels");
  static const std::regex hint_of_uv("Wheels are required for `([A-Za-z0-9._-]+)`");
  static const std::regex by_pip("No matching distribution found for ([A-Za-z0-9._-]*[A-Za-z0-9])");
  static const std::regex conflict_of_pip("(?:depends on|The user requested) ([A-Za-z0-9._-]*[A-Za-z0-9])");
  const std::string text = flat(output);
  std::vector<std::string> names;
  for (const auto* pattern : {&by_uv, &hint_of_uv, &by_pip}) {
    for (auto& name : all_matches(text, *pattern)) names.push_back(std::move(name));
  }
  if (text.find("The conflict is caused by") != text.npos) {
    for (auto& name : all_matches(text, conflict_of_pip)) names.push_back(std::move(name));
  }
  std::vector<MissingWheel> missing;
  for (const auto& spelled : names) {
    const std::string name = normalized_package_name(spelled);
    if (std::ranges::find(missing, name, &MissingWheel::name) != missing.end()) continue;
    missing.push_back({name, specifiers_of(name, text)});
  }
  return missing;
}

std::string no_such_package(const std::string& name) {
  std::string sentence = "there is no package " + in_quotes(name);
  if (const auto similar = similar_package(normalized_package_name(name))) {
    sentence += "; did you mean " + in_quotes(*similar) + "?";
  }
  return sentence;
}

Unresolved explain_failure(const HostProgramEnd& end, const std::vector<std::string>& requirements,
                           const Interpreter& interpreter) {
  using Kind = HostProgramEnd::Kind;
  const std::string set = cut(fmt::format("{}", fmt::join(requirements, ", ")));
  const std::string text = flat(end.output);
  switch (end.kind) {
    case Kind::stopped:
      throw Error(ErrorCode::conflict, "Making the environment of " + set + " was stopped");
    case Kind::timed_out:
      throw Error(ErrorCode::unavailable, "The package index did not answer all questions about " + set +
                                              " in time; try again later, look at the index, or raise resolve_timeout");
    case Kind::signaled:
      throw Error(ErrorCode::unavailable,
                  fmt::format("The installer was ended by signal {} over {}; try again", end.status, set));
    case Kind::too_much_output:
      throw Error(ErrorCode::environment_failed, "The installer said more about " + set + " than anybody can read");
    case Kind::exited:
      break;
  }
  if (is_about_connection(text) && !missing_package(text)) {
    throw Error(ErrorCode::unavailable,
                "The package index cannot be used now for " + set + ": " + cut(text) + "; try again later");
  }
  return {Error(ErrorCode::environment_failed,
                "The packages " + set + " cannot be had: " + cut(explanation(text, interpreter))),
          missing_wheels(end.output)};
}

}  // namespace pysandbox::packages
