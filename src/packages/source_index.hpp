// Which sources of a package there are, and which one is wanted.
#pragma once

#include <optional>
#include <set>
#include <stop_token>
#include <string>
#include <vector>

#include "packages/fetch_program.hpp"
#include "packages/installer.hpp"

namespace pysandbox::packages {

// A source distribution (PEP 517, PEP 625) as an index names it.
struct SourceFile {
  std::string name{};     // normalized, of the package
  std::string version{};  // as its file says it
  std::string file{};     // "docopt-0.6.2.tar.gz"
  std::string url{};      // without credentials
  std::string sha256{};   // empty if the index tells none
  std::uint64_t size = 0;
  std::string requires_python{};  // ">=3.9", or empty
  bool yanked = false;            // PEP 592

  std::string title() const { return name + " " + version; }
};

// All that `places` name. Throws Error{unavailable} if one of them cannot be asked now.
std::vector<SourceFile> list_sources(const std::string& name, const IndexPlaces& places, const FetchTask& task,
                                     ProcessLauncher& launcher, const std::stop_token& stop);

// The newest that fits all of `specifiers` and the interpreter and whose title is not in `tried`. A yanked one only if
// its version is asked for exactly, an early one only if such are asked for or there is no other (PEP 592, PEP 440).
std::optional<SourceFile> choose_source(const std::vector<SourceFile>& sources,
                                        const std::vector<std::string>& specifiers, const Interpreter& interpreter,
                                        const std::set<std::string>& tried);

// The version in the name of a file of that package: "1.0" of "some-name-1.0.tar.gz". Nothing if it is none.
std::optional<std::string> version_of_source(std::string_view file, std::string_view name);

}  // namespace pysandbox::packages
