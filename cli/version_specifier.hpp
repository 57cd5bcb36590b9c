// Whether an interpreter's version is what a script asks for (PEP 440, "Version specifiers").
#pragma once

#include <string_view>

namespace pysandbox::cli {

// `version` is that of a released interpreter ("3.11.2"); `specifiers` are for example ">=3.8, <4, !=3.9.*". Throws
// Error{invalid_request} for specifiers that are none.
bool satisfies(std::string_view version, std::string_view specifiers);

}  // namespace pysandbox::cli
