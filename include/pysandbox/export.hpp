// PYSANDBOX_EXPORT marks what the shared library shows; version numbers are the project's.
#pragma once

#define PYSANDBOX_EXPORT [[gnu::visibility("default")]]

#define PYSANDBOX_VERSION_MAJOR 0
#define PYSANDBOX_VERSION_MINOR 1
#define PYSANDBOX_VERSION_PATCH 0
#define PYSANDBOX_VERSION "0.1.0"

namespace pysandbox {

// The version of the library that is linked, as "major.minor.patch". It differs
// from PYSANDBOX_VERSION when a program runs with another shared library than
// the one it was compiled against.
PYSANDBOX_EXPORT const char* version() noexcept;

}  // namespace pysandbox
