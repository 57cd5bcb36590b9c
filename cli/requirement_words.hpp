// Requirements as one types them: several in one word, with commas between them.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace pysandbox::cli {

// "pandas>=2,<3,numpy" is {"pandas>=2,<3", "numpy"}: a comma ends a requirement if a name follows, and not in brackets,
// quotes or a marker's parentheses.
std::vector<std::string> split_requirements(std::string_view text);

}  // namespace pysandbox::cli
