#include "packages/version.hpp"

#include <algorithm>
#include <charconv>
#include <limits>
#include <regex>
#include <tuple>

namespace pysandbox::packages {
namespace {

constexpr std::size_t longest_version = 200;

// Zero for no digits: "1.0a" is "1.0a0". Nothing for a number that no version has.
std::optional<long> number(const std::string& digits) {
  long value = 0;
  const auto [end, failure] = std::from_chars(digits.data(), digits.data() + digits.size(), value);
  if (digits.empty()) return 0;
  return failure == std::errc() && end == digits.data() + digits.size() ? std::optional(value) : std::nullopt;
}

// Nothing if one of them is no number.
std::optional<std::vector<long>> numbers(std::string_view text) {
  std::vector<long> values;
  for (bool more = true; more;) {
    const auto dot = text.find('.');
    const auto value = number(std::string(text.substr(0, dot)));
    if (!value) return std::nullopt;
    values.push_back(*value);
    more = dot != text.npos;
    if (more) text.remove_prefix(dot + 1);
  }
  return values;
}

std::string lower(std::string_view text) {
  std::string result(text);
  for (char& c : result) c = c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  return result;
}

std::string without_spaces(std::string_view text) {
  std::string result(text);
  std::erase_if(result, [](char c) { return c == ' ' || c == '\t'; });
  return result;
}

// Early ones come first: 1.0.dev1, 1.0a1.dev1, 1.0a1, 1.0.
std::tuple<int, long, long, long> place_of(const Version& version) {
  constexpr long last = std::numeric_limits<long>::max();
  int phase = version.phase == '\0' ? 'z' : version.phase;
  if (version.phase == '\0' && !version.post && version.dev) phase = 0;
  return {phase, version.phase_number, version.post.value_or(-1), version.dev.value_or(last)};
}

// Numbers come after words, and a longer one after its beginning.
std::strong_ordering compare_local(std::string_view left, std::string_view right) {
  while (!left.empty() && !right.empty()) {
    const std::string one(left.substr(0, left.find('.'))), other(right.substr(0, right.find('.')));
    const auto a = number(one), b = number(other);
    const auto order = a && b ? *a <=> *b
                       : a    ? std::strong_ordering::greater
                       : b    ? std::strong_ordering::less
                              : one <=> other;
    if (order != 0) return order;
    left.remove_prefix(std::min(one.size() + 1, left.size()));
    right.remove_prefix(std::min(other.size() + 1, right.size()));
  }
  return left.size() <=> right.size();
}

Version without_local(Version version) {
  version.local.clear();
  return version;
}

// "==1.2.*": the first parts are these.
std::optional<bool> begins_with(const Version& version, std::string_view prefix) {
  const auto asked = parse_version(prefix);
  const auto count = static_cast<std::size_t>(std::ranges::count(prefix, '.')) + 1;
  if (!asked || asked->is_before_release() || asked->post) return std::nullopt;
  std::vector<long> own = version.release, wanted = asked->release;
  own.resize(count);
  wanted.resize(count);
  return version.epoch == asked->epoch && own == wanted;
}

// "~=1.4.2": 1.4.2 or later, and of 1.4.
std::optional<bool> is_compatible(const Version& version, const std::string& text) {
  const auto asked = parse_version(text);
  if (!asked) return std::nullopt;
  static const std::regex release("^(?:[0-9]+!)?[0-9]+(?:\\.[0-9]+)+");
  std::smatch match;
  if (!std::regex_search(text, match, release)) return std::nullopt;
  std::string series = match.str();
  series.resize(series.rfind('.'));
  const auto same = begins_with(version, series);
  return same && *same && without_local(version) >= *asked;
}

std::optional<bool> fits_one(const Version& version, const std::string& specifier) {
  static const std::regex pattern("(===|==|!=|<=|>=|~=|<|>)(.+)");
  std::smatch match;
  if (!std::regex_match(specifier, match, pattern)) return std::nullopt;
  const std::string operation = match[1];
  std::string text = match[2];
  const bool any_end = text.ends_with(".*");
  if (any_end) text.resize(text.size() - 2);
  if (operation == "~=") return is_compatible(version, text);
  if (any_end && (operation == "==" || operation == "!=")) {
    const auto same = begins_with(version, text);
    return same ? std::optional(*same == (operation == "==")) : std::nullopt;
  }
  const auto asked = parse_version(text);
  if (!asked) return std::nullopt;
  const Version own = asked->local.empty() ? without_local(version) : version;
  if (operation == "==" || operation == "===") return own == *asked;
  if (operation == "!=") return own != *asked;
  if (operation == "<=") return own <= *asked;
  if (operation == ">=") return own >= *asked;
  const bool same_release = own.epoch == asked->epoch && own.release == asked->release;
  if (operation == "<")
    return own < *asked && !(same_release && own.is_before_release() && !asked->is_before_release());
  return own > *asked && !(same_release && own.post && !asked->post);
}

template <typename Take>
bool for_each_specifier(std::string_view specifiers, const Take& take) {
  const std::string all = without_spaces(specifiers);
  for (std::string_view rest = all; !rest.empty();) {
    const auto length = std::min(rest.find(','), rest.size());
    if (length > 0 && !take(std::string(rest.substr(0, length)))) return false;
    rest.remove_prefix(std::min(length + 1, rest.size()));
  }
  return true;
}

}  // namespace

std::strong_ordering Version::operator<=>(const Version& other) const {
  if (const auto order = epoch <=> other.epoch; order != 0) return order;
  if (const auto order = release <=> other.release; order != 0) return order;
  if (const auto order = place_of(*this) <=> place_of(other); order != 0) return order;
  return compare_local(local, other.local);
}

std::optional<Version> parse_version(std::string_view text) {
  static const std::regex pattern(
      "v?(?:([0-9]+)!)?([0-9]+(?:\\.[0-9]+)*)"
      "(?:[-_.]?(alpha|a|beta|b|preview|pre|c|rc)[-_.]?([0-9]*))?"
      "(?:-([0-9]+)|[-_.]?(post|rev|r)[-_.]?([0-9]*))?"
      "(?:[-_.]?(dev)[-_.]?([0-9]*))?"
      "(?:\\+([a-z0-9]+(?:[-_.][a-z0-9]+)*))?");
  if (text.size() > longest_version) return std::nullopt;
  const std::string spelled = lower(text);
  std::smatch match;
  if (!std::regex_match(spelled, match, pattern)) return std::nullopt;
  Version version;
  const auto epoch = number(match[1]), phase = number(match[4]), dev = number(match[9]);
  const auto post = match[5].matched ? number(match[5]) : number(match[7]);
  auto release = numbers(match[2].str());
  if (!epoch || !phase || !dev || !post || !release) return std::nullopt;
  while (release->size() > 1 && release->back() == 0) release->pop_back();
  version.epoch = *epoch;
  version.release = std::move(*release);
  if (match[3].matched) {
    version.phase = match[3].str() == "c" || match[3].str().front() == 'p' ? 'r' : match[3].str().front();
    version.phase_number = *phase;
  }
  if (match[5].matched || match[6].matched) version.post = *post;
  if (match[8].matched) version.dev = *dev;
  version.local = match[10];
  std::ranges::replace(version.local, '-', '.');
  std::ranges::replace(version.local, '_', '.');
  return version;
}

std::optional<bool> fits(const Version& version, std::string_view specifiers) {
  bool fit = true;
  const bool readable = for_each_specifier(specifiers, [&](const std::string& one) {
    const auto answer = fits_one(version, one);
    fit = fit && answer.value_or(false);
    return answer.has_value();
  });
  return readable ? std::optional(fit) : std::nullopt;
}

bool asks_for_early_versions(std::string_view specifiers) {
  return !for_each_specifier(specifiers, [](const std::string& one) {
    const auto version =
        parse_version(std::string_view(one).substr(std::min(one.find_first_not_of("<>=!~"), one.size())));
    return !version || !version->is_before_release() || one.starts_with('!') || one.starts_with('<');
  });
}

}  // namespace pysandbox::packages
