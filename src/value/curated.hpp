// Sets of packages that have a name.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace pysandbox {

// The requirements of a set, without versions: those of the day it is made. Nothing if there is no such set.
std::optional<std::vector<std::string>> curated_packages(std::string_view name);

// The names of all sets, for messages: "data-science".
std::string curated_names();

}  // namespace pysandbox
