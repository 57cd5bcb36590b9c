// 128-bit random names.
#pragma once

#include <string>

namespace pysandbox {

// 32 hexadecimal digits from getrandom(2); nobody can guess one.
std::string random_id();

// True if `text` has that shape, so that it can safely be part of a path.
bool is_random_id(const std::string& text) noexcept;

}  // namespace pysandbox
