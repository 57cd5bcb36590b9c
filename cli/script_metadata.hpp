// What a script says about itself in a comment (PEP 723):
//
//   # /// script
//   # requires-python = ">=3.11"
//   # dependencies = ["pandas"]
//   # ///
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace pysandbox::cli {

struct ScriptMetadata {
  std::string requires_python{};            // empty: any
  std::vector<std::string> dependencies{};  // requirements

  bool operator==(const ScriptMetadata&) const = default;
};

// Nothing if the script has no such block. Throws Error{invalid_request} for two of them, for one that is no TOML, and
// for values of wrong types.
ScriptMetadata read_script_metadata(std::string_view code);

}  // namespace pysandbox::cli
