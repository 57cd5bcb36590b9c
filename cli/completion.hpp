// Completion scripts for shells.
#pragma once

#include <string>

namespace pysandbox::cli {

std::string completion_script(const std::string& shell);

}  // namespace pysandbox::cli
