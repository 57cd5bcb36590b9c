// Versions of packages and what is asked of them (PEP 440).
#pragma once

#include <compare>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace pysandbox::packages {

struct Version {
  long epoch = 0;
  std::vector<long> release{};  // without zeros at its end
  char phase = '\0';            // 'a', 'b' or 'r' of a version that comes before the release; NUL for none
  long phase_number = 0;
  std::optional<long> post{};
  std::optional<long> dev{};
  std::string local{};  // lower case, its parts divided by dots

  bool is_before_release() const noexcept { return phase != '\0' || dev.has_value(); }

  std::strong_ordering operator<=>(const Version& other) const;
  bool operator==(const Version& other) const = default;
};

// In any of its spellings: "1.0-beta_2" is "1.0b2". Nothing for text that is none.
std::optional<Version> parse_version(std::string_view text);

// Whether `version` is what all of ">=1.2,!=1.3.*" ask for. Nothing if that cannot be read.
std::optional<bool> fits(const Version& version, std::string_view specifiers);

// Whether it names a version before a release, so that such are wanted.
bool asks_for_early_versions(std::string_view specifiers);

}  // namespace pysandbox::packages
