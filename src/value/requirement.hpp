// Requirements: what a job may say about packages. PEP 508 without its URLs; nothing else ever reaches an installer.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace pysandbox {

struct Requirement {
  std::string name;                       // normalized (PEP 503): "scikit-learn"
  std::vector<std::string> extras{};      // normalized, sorted, each once
  std::vector<std::string> specifiers{};  // ">=2", sorted, each once
  std::string marker{};                   // one space between its words; empty if there is none

  // One spelling for all that mean the same: "pandas[excel]<3,>=2 ; python_version > \"3.8\"".
  std::string text() const;

  bool operator==(const Requirement&) const = default;
};

// "Foo__Bar.baz" is "foo-bar-baz" (PEP 503).
std::string normalized_package_name(std::string_view name);

// Throws Error{invalid_request} that quotes `text` and says what is wrong with it.
Requirement parse_requirement(std::string_view text);

// Sorted texts, each once: the same for the same set in any order and spelling. Throws as above.
std::vector<std::string> canonical_requirements(const std::vector<std::string>& requirements);

}  // namespace pysandbox
