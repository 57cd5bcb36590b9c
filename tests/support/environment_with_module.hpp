// An environment whose one module, `chosen`, an operator may have zygotes load.
#pragma once

#include <filesystem>
#include <fstream>
#include <string>

#include "support/temporary_directory.hpp"

namespace pysandbox::testing {

class EnvironmentWithModule {
 public:
  explicit EnvironmentWithModule(const std::string& code) {
    std::filesystem::create_directories(place_ / "site-packages");
    std::ofstream(place_ / "site-packages/chosen.py") << code;
    std::filesystem::permissions(place_.path(), std::filesystem::perms(0755));
  }
  std::string path() const { return place_.path(); }

 private:
  TemporaryDirectory place_;
};

}  // namespace pysandbox::testing
