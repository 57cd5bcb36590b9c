#include "packages/index_settings.hpp"

#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstdlib>
#include <filesystem>
#include <system_error>

namespace pysandbox::packages {
namespace {

// Not among them are those that would change where an installer writes to, what it builds, or which version it takes.
constexpr std::array<std::string_view, 42> passed_on{"PATH",
                                                     "LANG",
                                                     "SSL_CERT_FILE",
                                                     "SSL_CERT_DIR",
                                                     "REQUESTS_CA_BUNDLE",
                                                     "CURL_CA_BUNDLE",
                                                     "HTTP_PROXY",
                                                     "HTTPS_PROXY",
                                                     "ALL_PROXY",
                                                     "NO_PROXY",
                                                     "http_proxy",
                                                     "https_proxy",
                                                     "all_proxy",
                                                     "no_proxy",
                                                     "NETRC",
                                                     "PIP_INDEX_URL",
                                                     "PIP_EXTRA_INDEX_URL",
                                                     "PIP_FIND_LINKS",
                                                     "PIP_NO_INDEX",
                                                     "PIP_CERT",
                                                     "PIP_CLIENT_CERT",
                                                     "PIP_TRUSTED_HOST",
                                                     "PIP_PROXY",
                                                     "PIP_RETRIES",
                                                     "PIP_DEFAULT_TIMEOUT",
                                                     "PIP_TIMEOUT",
                                                     "PIP_CONFIG_FILE",
                                                     "PIP_KEYRING_PROVIDER",
                                                     "UV_INDEX_URL",
                                                     "UV_EXTRA_INDEX_URL",
                                                     "UV_DEFAULT_INDEX",
                                                     "UV_INDEX",
                                                     "UV_FIND_LINKS",
                                                     "UV_NO_INDEX",
                                                     "UV_INDEX_STRATEGY",
                                                     "UV_INSECURE_HOST",
                                                     "UV_NATIVE_TLS",
                                                     "UV_SYSTEM_CERTS",
                                                     "UV_CONFIG_FILE",
                                                     "UV_HTTP_TIMEOUT",
                                                     "UV_KEYRING_PROVIDER",
                                                     "UV_EXCLUDE_NEWER"};

constexpr std::array<std::string_view, 9> about_index{"PIP_INDEX_URL",    "PIP_EXTRA_INDEX_URL", "PIP_FIND_LINKS",
                                                      "PIP_NO_INDEX",     "UV_INDEX_URL",        "UV_EXTRA_INDEX_URL",
                                                      "UV_DEFAULT_INDEX", "UV_FIND_LINKS",       "UV_NO_INDEX"};

bool is_uv_index(std::string_view name) { return name == "UV_INDEX" || name.starts_with("UV_INDEX_"); }

bool exists(const std::string& path) {
  std::error_code ignored;
  return std::filesystem::exists(path, ignored);
}

std::vector<std::string> words_of(std::string_view text) {
  std::vector<std::string> words;
  for (std::size_t begin; (begin = text.find_first_not_of(" \t\r\n")) != text.npos;) {
    text.remove_prefix(begin);
    const auto length = std::min(text.find_first_of(" \t\r\n"), text.size());
    words.emplace_back(text.substr(0, length));
    text.remove_prefix(length);
  }
  return words;
}

// As Python writes it with repr().
std::string unquoted(std::string_view text) {
  if (text.size() < 2) return std::string(text);
  text = text.substr(1, text.size() - 2);
  std::string result;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '\\' || i + 1 == text.size()) {
      result += text[i];
      continue;
    }
    ++i;
    result += text[i] == 'n' ? '\n' : text[i] == 't' ? '\t' : text[i];
  }
  return result;
}

// The later ones win: all commands, then the one that is ours, then variables.
constexpr std::array<std::string_view, 4> sections{"global.", "install.", "download.", ":env:."};

std::size_t section_of(std::string_view key) {
  const auto* found = std::ranges::find_if(sections, [&](std::string_view one) { return key.starts_with(one); });
  return static_cast<std::size_t>(found - sections.begin());
}

}  // namespace

bool names_an_index(const EnvironmentStoreOptions& options) {
  return !options.index_urls.empty() || !options.find_links.empty() || options.no_index;
}

Variables installer_environment(const std::string& home) {
  Variables variables;
  for (char** entry = ::environ; entry != nullptr && *entry != nullptr; ++entry) {
    const std::string_view text = *entry;
    const std::string_view name = text.substr(0, text.find('='));
    if (name.size() == text.size()) continue;
    if (std::ranges::find(passed_on, name) != passed_on.end() || is_uv_index(name)) {
      variables.emplace(name, text.substr(name.size() + 1));
    }
  }
  variables.try_emplace("PATH", "/usr/local/bin:/usr/bin:/bin");
  const char* real_home = std::getenv("HOME");
  if (const char* configured = std::getenv("XDG_CONFIG_HOME"); configured != nullptr && *configured == '/') {
    variables["XDG_CONFIG_HOME"] = configured;
  } else if (real_home != nullptr && *real_home == '/') {
    variables["XDG_CONFIG_HOME"] = std::string(real_home) + "/.config";
  }
  if (real_home != nullptr && *real_home == '/') {
    const std::string netrc = std::string(real_home) + "/.netrc", pip = std::string(real_home) + "/.pip/pip.conf";
    if (exists(netrc)) variables.try_emplace("NETRC", netrc);
    if (exists(pip)) variables.try_emplace("PIP_CONFIG_FILE", pip);
  }
  variables["HOME"] = home;
  variables["TMPDIR"] = home;
  variables["PIP_DISABLE_PIP_VERSION_CHECK"] = "1";
  variables["PIP_NO_INPUT"] = "1";
  variables["PYTHONDONTWRITEBYTECODE"] = "1";
  variables["NO_COLOR"] = "1";
  return variables;
}

Variables without_index(Variables environment) {
  std::erase_if(environment, [](const auto& variable) {
    return is_uv_index(variable.first) || std::ranges::find(about_index, variable.first) != about_index.end();
  });
  return environment;
}

IndexSettings parse_pip_configuration(std::string_view listing) {
  std::map<std::string, std::pair<std::size_t, std::string>> values;
  for (std::size_t end; !listing.empty(); listing.remove_prefix(end)) {
    end = std::min(listing.find('\n'), listing.size() - 1) + 1;
    std::string_view line = listing.substr(0, end);
    while (!line.empty() && (line.back() == '\n' || line.back() == '\r')) line.remove_suffix(1);
    const auto equals = line.find('=');
    const std::size_t section = section_of(line);
    if (equals == line.npos || section == sections.size()) continue;
    const std::string key(line.substr(sections[section].size(), equals - sections[section].size()));
    auto& value = values[key];
    if (value.second.empty() || section >= value.first) value = {section, unquoted(line.substr(equals + 1))};
  }
  const auto text = [&](const char* key) { return values.contains(key) ? values[key].second : std::string(); };
  IndexSettings settings;
  settings.main_index = text("index-url");
  settings.more_indexes = words_of(text("extra-index-url"));
  settings.find_links = words_of(text("find-links"));
  const std::string no_index = text("no-index");
  settings.no_index = no_index == "1" || no_index == "true" || no_index == "True" || no_index == "yes";
  settings.ca_file = text("cert");
  settings.client_certificate = text("client-cert");
  settings.proxy = text("proxy");
  settings.trusted_hosts = words_of(text("trusted-host"));
  return settings;
}

IndexSettings ask_pip_configuration(const PipCommand& pip, const Variables& environment, const std::string& directory,
                                    ProcessLauncher& launcher) {
  HostProgram program{.path = pip.program,
                      .arguments = pip.first_arguments,
                      .environment = environment,
                      .directory = directory,
                      .timeout = std::chrono::seconds(20)};
  program.arguments.insert(program.arguments.end(), {"config", "list"});
  const HostProgramEnd end = launcher.run(program, {}, {});
  const bool answered = end.kind == HostProgramEnd::Kind::exited && end.status == 0;
  return answered ? parse_pip_configuration(end.output) : IndexSettings();
}

std::optional<std::string> default_index_of_pip(const PipCommand& pip, const std::string& directory,
                                                ProcessLauncher& launcher) {
  // COLUMNS: no address is cut at the end of a line.
  HostProgram program{.path = pip.program,
                      .arguments = pip.first_arguments,
                      .environment = {{"PATH", "/usr/local/bin:/usr/bin:/bin"},
                                      {"HOME", directory},
                                      {"COLUMNS", "1000"},
                                      {"PIP_CONFIG_FILE", "/dev/null"},
                                      {"PYTHONDONTWRITEBYTECODE", "1"}},
                      .directory = directory,
                      .timeout = std::chrono::seconds(20)};
  program.arguments.insert(program.arguments.end(), {"download", "--help"});
  const HostProgramEnd end = launcher.run(program, {}, {});
  const auto option = end.output.find("--index-url <url>");
  const auto begin = end.output.find("(default http", std::min(option, end.output.size()));
  if (begin == std::string::npos || end.output.find('\n', option) < begin) return std::nullopt;
  const auto address = begin + std::string_view("(default ").size();
  return end.output.substr(address, end.output.find(')', address) - address);
}

IndexSettings with_options(IndexSettings settings, const EnvironmentStoreOptions& options) {
  if (names_an_index(options)) {
    settings.main_index = options.index_urls.empty() ? "" : options.index_urls.front();
    settings.more_indexes.assign(options.index_urls.begin() + (options.index_urls.empty() ? 0 : 1),
                                 options.index_urls.end());
    settings.find_links = options.find_links;
    settings.no_index = options.no_index;
  }
  // A folder that is configured for all and not there is no reason to fail.
  std::erase_if(settings.find_links, [&](const std::string& place) {
    return !names_an_index(options) && place.starts_with('/') && !exists(place);
  });
  return settings;
}

}  // namespace pysandbox::packages
