// The comment by which Python source names its encoding (PEP 263).
#pragma once

#include <string_view>

namespace pysandbox {

// True if Python would find such a comment: in the first line, or in the second if the first holds no code.
bool has_coding_comment(std::string_view code) noexcept;

}  // namespace pysandbox
