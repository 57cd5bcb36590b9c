#include "version_specifier.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <compare>
#include <optional>
#include <string>
#include <vector>

#include <pysandbox/error.hpp>

namespace pysandbox::cli {
namespace {

using Release = std::vector<unsigned>;

std::string_view trimmed(std::string_view text) {
  while (text.starts_with(' ')) text.remove_prefix(1);
  while (text.ends_with(' ')) text.remove_suffix(1);
  return text;
}

// "3.11.2"; what an interpreter never is (epochs, pre-releases, local versions) is no release.
std::optional<Release> parse_release(std::string_view text) {
  Release release;
  for (;;) {
    const auto dot = text.find('.');
    const std::string_view part = text.substr(0, dot);
    unsigned number = 0;
    const auto [stop, error] = std::from_chars(part.data(), part.data() + part.size(), number);
    if (error != std::errc() || stop != part.data() + part.size()) return std::nullopt;
    release.push_back(number);
    if (dot == std::string_view::npos) return release;
    text.remove_prefix(dot + 1);
  }
}

// 3.11 is 3.11.0.
std::strong_ordering compare(Release left, Release right) {
  const std::size_t size = std::max(left.size(), right.size());
  left.resize(size);
  right.resize(size);
  return left <=> right;
}

bool begins_with(Release version, const Release& prefix) {
  version.resize(std::max(version.size(), prefix.size()));
  return std::equal(prefix.begin(), prefix.end(), version.begin());
}

// The longest first, so that "<=" is not "<".
constexpr std::array<std::string_view, 8> operators{"===", "==", "!=", "<=", ">=", "~=", "<", ">"};

bool compares(std::string_view sign, const Release& version, const Release& wanted) {
  const auto order = compare(version, wanted);
  if (sign == "==" || sign == "===") return order == 0;
  if (sign == "!=") return order != 0;
  if (sign == "<=") return order <= 0;
  if (sign == ">=") return order >= 0;
  if (sign == "<") return order < 0;
  if (sign == ">") return order > 0;
  Release series = wanted;  // ~=3.8.1 is >=3.8.1, ==3.8.*
  series.pop_back();
  return order >= 0 && begins_with(version, series);
}

[[noreturn]] void refuse(std::string_view specifier) {
  throw Error(
      ErrorCode::invalid_request,
      fmt::format("requires-python: \"{}\" is no version specifier, such as \">=3.11\"; correct it", specifier));
}

bool satisfies_one(const Release& version, std::string_view specifier) {
  const auto* const sign = std::find_if(operators.begin(), operators.end(),
                                        [&](std::string_view one) { return specifier.starts_with(one); });
  if (sign == operators.end()) refuse(specifier);
  std::string_view text = trimmed(specifier.substr(sign->size()));
  const bool is_prefix = text.ends_with(".*");
  if (is_prefix) text.remove_suffix(2);
  const auto wanted = parse_release(text);
  if (!wanted || (is_prefix && *sign != "==" && *sign != "!=") || (*sign == "~=" && wanted->size() < 2)) {
    refuse(specifier);
  }
  if (is_prefix) return begins_with(version, *wanted) == (*sign == "==");
  return compares(*sign, version, *wanted);
}

}  // namespace

bool satisfies(std::string_view version, std::string_view specifiers) {
  // "3.13.0rc1" is taken for the release that it becomes.
  const auto digits = version.find_first_not_of("0123456789.");
  const auto release = parse_release(version.substr(0, digits));
  if (!release) {
    throw Error(ErrorCode::invalid_request,
                fmt::format("the interpreter calls its version \"{}\", which cannot be compared", version));
  }
  bool all = true;
  for (std::string_view rest = specifiers;;) {
    const auto comma = rest.find(',');
    const std::string_view specifier = trimmed(rest.substr(0, comma));
    if (!specifier.empty()) all = satisfies_one(*release, specifier) && all;
    if (comma == std::string_view::npos) return all;
    rest.remove_prefix(comma + 1);
  }
}

}  // namespace pysandbox::cli
