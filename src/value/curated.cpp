#include "value/curated.hpp"

namespace pysandbox {
namespace {

struct CuratedSet {
  std::string_view name;
  std::vector<std::string> packages;
};

const std::vector<CuratedSet>& curated_sets() {
  static const std::vector<CuratedSet> sets{
      {"data-science",
       {"numpy", "pandas", "matplotlib", "scipy", "scikit-learn", "pillow", "openpyxl", "requests", "beautifulsoup4",
        "lxml", "sympy"}},
  };
  return sets;
}

}  // namespace

std::optional<std::vector<std::string>> curated_packages(std::string_view name) {
  for (const auto& set : curated_sets()) {
    if (set.name == name) return set.packages;
  }
  return std::nullopt;
}

std::string curated_names() {
  std::string names;
  for (const auto& set : curated_sets()) names += (names.empty() ? "" : ", ") + std::string(set.name);
  return names;
}

}  // namespace pysandbox
