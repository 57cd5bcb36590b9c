// What the packages of an environment need around them: variables, and files below /tmp.
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include <pysandbox/limits.hpp>

namespace pysandbox::container {

struct PackageAids {
  struct File {
    std::string path;            // below /tmp
    std::string_view content{};  // lives as long as this library
    std::string link_target{};   // it is a link to there, if this is set
  };

  // The program's own are stronger; but what it says for PYTHONPATH goes before what is here.
  std::map<std::string, std::string> variables{};
  std::vector<File> files{};
};

// Nothing for the environment "".
PackageAids package_aids(const std::string& environment_directory, const Limits& limits);

}  // namespace pysandbox::container
