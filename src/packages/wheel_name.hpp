// The name of a wheel file says for which interpreters it is (PEP 427, PEP 425).
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "packages/interpreter.hpp"

namespace pysandbox::packages {

struct WheelName {
  std::string name;  // normalized
  std::string version;
  std::string python;    // "py2.py3": any of these
  std::string abi;       // "none"
  std::string platform;  // "manylinux_2_17_x86_64.manylinux2014_x86_64"
};

// Nothing for a name that is none, or that could be a path.
std::optional<WheelName> parse_wheel_name(std::string_view file);

// How closely a wheel fits: the higher the better. Nothing if it does not fit at all.
std::optional<int> wheel_fit(const WheelName& wheel, const Interpreter& interpreter);

}  // namespace pysandbox::packages
