// pylock.toml (PEP 751), as uv writes it.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace pysandbox::packages {

struct PylockWheel {
  std::string url{};   // or
  std::string path{};  // of this host
  std::string sha256{};
  std::uint64_t size = 0;
};

struct PylockPackage {
  std::string name{};
  std::string version{};
  std::vector<PylockWheel> wheels{};
};

// Throws Error{environment_failed} for text that is none.
std::vector<PylockPackage> parse_pylock(std::string_view text);

}  // namespace pysandbox::packages
