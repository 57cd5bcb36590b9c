// Random names.
#pragma once

#include <string>

namespace pysandbox {

// A random UUID (RFC 9562, version 4) without dashes: 32 hexadecimal digits, 122 bits of them from getrandom(2); nobody can guess one.
std::string random_id();

// True if `text` has that shape, so that it can safely be part of a path.
bool is_random_id(const std::string& text) noexcept;

}  // namespace pysandbox
