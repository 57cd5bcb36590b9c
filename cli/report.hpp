// What we say to the person at the terminal, in our own name.
#pragma once

#include <string>
#include <string_view>

#include <pysandbox/result.hpp>

namespace pysandbox::cli {

// One line on standard error.
void complain(const std::string& sentence);

// Why a program ended, if it did not say so itself, and what was left out.
void explain(const RunResult& result);

// Says that a file was written, if somebody looks at the terminal.
void tell_written(const std::string& directory, const std::string& path, std::uint64_t size);

// Others' text as what a terminal can be shown: one line, no control characters.
std::string printable(std::string_view text);

// Writes all of it, or returns false because nobody reads it any more.
[[nodiscard]] bool write_all(int fd, std::string_view text);

// Prints text to standard output, or throws Error{unavailable} because that cannot be.
void print_out(std::string_view text);

}  // namespace pysandbox::cli
