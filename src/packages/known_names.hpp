// Names that people mean when they write others.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace pysandbox::packages {

// For a package that no index has, a well-known one that may have been meant: by the name under which it is imported
// ("sklearn": "scikit-learn"), or by few letters that differ. Nothing if none comes close.
std::optional<std::string> similar_package(std::string_view name);

}  // namespace pysandbox::packages
