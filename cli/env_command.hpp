// `pysandbox env`.
#pragma once

#include <string>

#include "command_line.hpp"

namespace pysandbox::cli {

int manage_environments(const EnvCommand& command);

// $XDG_DATA_HOME/pysandbox/environments, or that below ~/.local/share.
std::string default_environment_store();

}  // namespace pysandbox::cli
