// What may be asked for in `packages`.
#pragma once

#include <string>
#include <vector>

namespace pysandbox::api {

// Throws Refusal packages_unsupported for packages that this version cannot bring.
void check_packages(const std::vector<std::string>& packages);

}  // namespace pysandbox::api
