// Programs of the host's.
#pragma once

#include <string>
#include <string_view>

namespace pysandbox {

// The first in the folders of PATH, as an absolute path; empty if there is none.
std::string find_program(std::string_view name);

bool is_program(const std::string& path);

}  // namespace pysandbox
