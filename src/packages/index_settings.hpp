// Where packages come from: as the operator says, or else as the configuration of pip or uv says.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <pysandbox/environment_store.hpp>

#include "process/launcher.hpp"

namespace pysandbox::packages {

using Variables = std::map<std::string, std::string>;

struct IndexSettings {
  std::string main_index{};  // empty: the installer's default
  std::vector<std::string> more_indexes{};
  std::vector<std::string> find_links{};
  bool no_index = false;

  // Of the connection.
  std::string ca_file{};
  std::string client_certificate{};
  std::string proxy{};
  std::vector<std::string> trusted_hosts{};

  std::vector<std::string> all_indexes() const {
    std::vector<std::string> all = more_indexes;
    if (!main_index.empty()) all.insert(all.begin(), main_index);
    return all;
  }
};

// Whether the operator names an index or a folder, so that no configuration counts for it.
bool names_an_index(const EnvironmentStoreOptions& options);

// What an installer may see of this process's environment: where programs are, proxies, certificates, and its own
// variables about the index. `home` is an empty directory; configuration below the user's own is still found.
Variables installer_environment(const std::string& home);

// Without the variables that name an index or a folder.
Variables without_index(Variables environment);

// How pip is started: "/usr/bin/python3 -m pip", or a program of its own.
struct PipCommand {
  std::string program;
  std::vector<std::string> first_arguments{};
};

// What `pip config list` prints, its sections put together as pip does for `pip download`.
IndexSettings parse_pip_configuration(std::string_view listing);

// Asks pip. Nothing but defaults if it does not answer: what is configured for it is then of no use.
IndexSettings ask_pip_configuration(const PipCommand& pip, const Variables& environment, const std::string& directory,
                                    ProcessLauncher& launcher);

// The index that pip asks when none is configured, as its help says it.
std::optional<std::string> default_index_of_pip(const PipCommand& pip, const std::string& directory,
                                                ProcessLauncher& launcher);

// The operator's choice over what is configured.
IndexSettings with_options(IndexSettings settings, const EnvironmentStoreOptions& options);

}  // namespace pysandbox::packages
