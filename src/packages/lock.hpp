// The lock of a set of packages: exactly which files it is made of.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "packages/interpreter.hpp"

namespace pysandbox::packages {

// What a wheel was built from, here.
struct BuiltFrom {
  std::string file{};         // "docopt-0.6.2.tar.gz"
  std::string sha256{};       // of the source
  std::string url{};          // without credentials
  std::string environment{};  // the digest of the one that it was built in; empty if it needed none
  std::string key{};          // of the build in the store

  bool operator==(const BuiltFrom&) const = default;
};

// One wheel.
struct LockedWheel {
  std::string name;  // normalized
  std::string version;
  std::string file;        // its name by the wheel format: "numpy-2.4.0-cp311-cp311-manylinux_2_28_x86_64.whl"
  std::string sha256{};    // 64 hexadecimal digits; empty as long as the index has given none
  std::string url{};       // without credentials
  std::uint64_t size = 0;  // as the index says; zero if it does not
  std::optional<BuiltFrom> source{};  // then `url` is of no meaning

  std::string title() const { return name + " " + version; }
};

struct Lock {
  std::vector<LockedWheel> wheels{};  // sorted by name

  // Which environment this is: changes with each file, the interpreter, and how wheels are laid out. Of a wheel that
  // was built here its source counts, and what it was built in: two builds of one source rarely have the same bytes.
  std::string digest(const Interpreter& interpreter) const;
};

// 64 hexadecimal digits for any text.
std::string sha256_of(std::string_view text);

std::string lock_to_json(const Lock& lock);
// Throws Error for what is none.
Lock lock_from_json(std::string_view text);

}  // namespace pysandbox::packages
