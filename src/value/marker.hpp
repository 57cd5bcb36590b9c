// Environment markers (PEP 508): the part of a requirement after ';'.
#pragma once

#include <stdexcept>
#include <string>
#include <string_view>

namespace pysandbox {

// What is wrong with a text, as a part of a sentence.
struct SyntaxComplaint : std::runtime_error {
  using std::runtime_error::runtime_error;
};

// The marker in one spelling: its words with one space between them, its strings in double quotes. Throws
// SyntaxComplaint for what is none.
std::string canonical_marker(std::string_view text);

}  // namespace pysandbox
