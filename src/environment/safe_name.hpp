// Names that others chose, made fit for a file in the workspace.
#pragma once

#include <set>
#include <string>
#include <string_view>

namespace pysandbox {

// The last part of `name` as one part of a path: valid UTF-8 without characters that hide, no dot in front, 255 bytes
// at most with the extension kept. "input" if nothing is left.
std::string safe_name(std::string_view name);

// Names that are in use in one directory.
class TakenNames {
 public:
  // The first part of a path: nothing else can have that name.
  void add_path(std::string_view path) { names_.insert(std::string(path.substr(0, path.find('/')))); }

  // safe_name(), with " (2)", " (3)" and so on before its extension if it is in use. In use from now on.
  std::string take(std::string_view name);

 private:
  std::set<std::string> names_;
};

}  // namespace pysandbox
