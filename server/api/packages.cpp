#include "api/packages.hpp"

#include "api/refusal.hpp"

namespace pysandbox::api {

void check_packages(const std::vector<std::string>& packages) {
  if (packages.empty()) return;
  constexpr auto problem = "must be empty: this version runs the standard library; packages come with environments";
  throw Refusal(400, "packages_unsupported", std::string("packages ") + problem, {field_problem("packages", problem)});
}

}  // namespace pysandbox::api
