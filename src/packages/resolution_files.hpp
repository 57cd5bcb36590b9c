// What installers of both kinds read and write.
#pragma once

#include <string>
#include <string_view>

#include "packages/installer.hpp"

namespace pysandbox::packages {

// The requirements as a file, one a line, so that none is ever a word of a command. Returns its path.
std::string write_requirements(const ResolveTask& task);

void write_file(const std::string& path, std::string_view text);

// "https://files.example/a/b%2B1.whl#sha256=..." is "b+1.whl".
std::string file_of_url(std::string_view url);

// Without name and password, and without what follows a '#'.
std::string without_credentials_in(std::string_view url);

}  // namespace pysandbox::packages
