// ByteSource: bytes from anywhere, read once from the first to the last.
#pragma once

#include <cstddef>
#include <functional>
#include <span>

namespace pysandbox {

// Fills the buffer with the next bytes and returns how many; zero at the end. It may throw.
using ByteSource = std::function<std::size_t(std::span<std::byte>)>;

}  // namespace pysandbox
