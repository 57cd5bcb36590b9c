// Reads what a request needs to be whole: the program and its standard input.
#pragma once

#include "command_line.hpp"

namespace pysandbox::cli {

// The request with code, entry point and stdin; its inputs are up to the caller. Throws Error for what cannot be read.
JobRequest complete_request(const RequestWords& words);

// "sub/a.csv" is "a.csv". Throws Error{invalid_request} for a path that ends in a slash.
std::string input_name(const std::string& path);

}  // namespace pysandbox::cli
