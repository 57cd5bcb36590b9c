#include "packages/wheel_name.hpp"

#include <algorithm>
#include <charconv>
#include <vector>

#include "value/requirement.hpp"

namespace pysandbox::packages {
namespace {

std::vector<std::string_view> split(std::string_view text, char separator) {
  std::vector<std::string_view> parts;
  for (std::size_t end; (end = text.find(separator)) != text.npos; text.remove_prefix(end + 1)) {
    parts.push_back(text.substr(0, end));
  }
  parts.push_back(text);
  return parts;
}

std::optional<int> number(std::string_view text) {
  int value = 0;
  const auto [end, failure] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (failure != std::errc() || end != text.data() + text.size() || text.empty()) return std::nullopt;
  return value;
}

struct TwoNumbers {
  int major = 0;
  int minor = 0;
  auto operator<=>(const TwoNumbers&) const = default;
};

// "2.36", or "2_36" with another separator.
std::optional<TwoNumbers> two_numbers(std::string_view text, char separator) {
  const auto parts = split(text, separator);
  if (parts.size() != 2) return std::nullopt;
  const auto major = number(parts[0]), minor = number(parts[1]);
  if (!major || !minor) return std::nullopt;
  return TwoNumbers{*major, *minor};
}

// The version of the C library that one platform tag asks for (PEP 600, PEP 656); {0, 0}: any. Nothing: not for here.
std::optional<TwoNumbers> needed_libc(std::string_view platform, const Interpreter& interpreter) {
  if (platform == "any") return TwoNumbers{};
  const std::string ending = "_" + interpreter.machine;
  if (!platform.ends_with(ending)) return std::nullopt;
  platform.remove_suffix(ending.size());
  if (platform == "linux") return TwoNumbers{};
  const bool glibc = interpreter.libc == "glibc";
  if (glibc && platform == "manylinux1") return TwoNumbers{2, 5};
  if (glibc && platform == "manylinux2010") return TwoNumbers{2, 12};
  if (glibc && platform == "manylinux2014") return TwoNumbers{2, 17};
  const std::string_view family = glibc ? "manylinux_" : "musllinux_";
  if (!platform.starts_with(family)) return std::nullopt;
  return two_numbers(platform.substr(family.size()), '_');
}

std::optional<int> platform_fit(std::string_view platforms, const Interpreter& interpreter) {
  const auto own = two_numbers(interpreter.libc_version, '.');
  std::optional<int> best;
  for (const auto platform : split(platforms, '.')) {
    const auto needed = needed_libc(platform, interpreter);
    if (!needed || (own && *needed > *own)) continue;
    best = std::max(best.value_or(0), platform == "any" ? 0 : 1 + needed->minor);
  }
  return best;
}

// Two digits for the language: "cp311" and "py3" are {3, 11} and {3, -1}.
std::optional<TwoNumbers> language(std::string_view tag) {
  if (!tag.starts_with("cp") && !tag.starts_with("py")) return std::nullopt;
  const auto major = number(tag.substr(2, 1));
  const auto minor = tag.size() > 3 ? number(tag.substr(3)) : std::optional(-1);
  if (!major || !minor) return std::nullopt;
  return TwoNumbers{*major, *minor};
}

std::optional<int> interpreter_fit(std::string_view pythons, std::string_view abis, const Interpreter& interpreter) {
  const auto own = two_numbers(interpreter.short_version(), '.');
  std::optional<int> best;
  const auto take = [&](int fit) { best = std::max(best.value_or(fit), fit); };
  for (const auto python : split(pythons, '.')) {
    const auto asked = language(python);
    if (!asked || !own || asked->major != own->major || asked->minor > own->minor) continue;
    const bool same = asked->minor == own->minor;
    for (const auto abi : split(abis, '.')) {
      if (abi == interpreter.tag() && same && python.starts_with("cp")) take(4);
      if (abi == "abi3" && python.starts_with("cp")) take(3);
      if (abi == "none" && (python.starts_with("py") || same)) take(same ? 2 : 1);
    }
  }
  return best;
}

bool is_name_character(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
         std::string_view("._-+!").find(c) != std::string_view::npos;
}

}  // namespace

std::optional<WheelName> parse_wheel_name(std::string_view file) {
  if (!file.ends_with(".whl") || file.size() > 255 || !std::ranges::all_of(file, is_name_character)) return {};
  const auto parts = split(file.substr(0, file.size() - 4), '-');
  if (parts.size() != 5 && parts.size() != 6) return {};  // the third of six is a build number
  if (std::ranges::any_of(parts, [](std::string_view part) { return part.empty() || part.front() == '.'; })) return {};
  const std::size_t tags = parts.size() - 3;
  return WheelName{normalized_package_name(parts[0]), std::string(parts[1]), std::string(parts[tags]),
                   std::string(parts[tags + 1]), std::string(parts[tags + 2])};
}

std::optional<int> wheel_fit(const WheelName& wheel, const Interpreter& interpreter) {
  const auto by_platform = platform_fit(wheel.platform, interpreter);
  const auto by_interpreter = interpreter_fit(wheel.python, wheel.abi, interpreter);
  if (!by_platform || !by_interpreter) return std::nullopt;
  return *by_interpreter * 1000 + *by_platform;
}

}  // namespace pysandbox::packages
