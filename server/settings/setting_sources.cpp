#include "settings/setting_sources.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cstdlib>
#include <optional>

#include <pysandbox/error.hpp>

#include "private_file.hpp"
#include "settings/config_file.hpp"
#include "settings/setting_table.hpp"

namespace pysandbox::server {
namespace {

const char* variable(const std::string& name) {
  const char* value = std::getenv(name.c_str());
  return value != nullptr && *value != '\0' ? value : nullptr;
}

// A list in a variable has commas between its entries; no entry of any list holds one.
std::vector<std::string> split(std::string_view text) {
  std::vector<std::string> words;
  while (!text.empty()) {
    const auto comma = std::min(text.find(','), text.size());
    if (comma > 0) words.emplace_back(text.substr(0, comma));
    text.remove_prefix(std::min(comma + 1, text.size()));
  }
  return words;
}

bool is_yes(const std::string& word) { return word == "true" || word == "1" || word == "yes" || word == "on"; }
bool is_no(const std::string& word) { return word == "false" || word == "0" || word == "no" || word == "off"; }

std::string flag_word(const std::string& word) {
  if (is_yes(word)) return "true";
  if (is_no(word)) return "false";
  throw Error(ErrorCode::invalid_request, fmt::format("takes true or false, not \"{}\"", word));
}

void apply(Settings& settings, const Setting& setting, const GivenWords& given) {
  try {
    if (setting.kind != Setting::Kind::list && given.words.size() != 1) {
      throw Error(ErrorCode::invalid_request, "takes one value, not a list");
    }
    for (const std::string& word : given.words) {
      setting.set(settings, setting.kind == Setting::Kind::flag ? flag_word(word) : word);
    }
  } catch (const Error& error) {
    throw Error(ErrorCode::invalid_request, fmt::format("{} {}", given.where, error.what()));
  }
}

}  // namespace

Source environment_source() {
  Source source;
  for (const Setting& setting : setting_table()) {
    const std::string name = variable_of(setting);
    const char* value = variable(name);
    if (value == nullptr) continue;
    source[std::string(setting.name)] = {
        setting.kind == Setting::Kind::list ? split(value) : std::vector<std::string>{value}, name};
  }
  // The name that hosting platforms use.
  if (const char* value = variable("DATABASE_URL"); value != nullptr && source.count("database-url") == 0) {
    source["database-url"] = {{value}, "DATABASE_URL"};
  }
  return source;
}

Source file_source(const std::string& path) {
  constexpr std::size_t maximum_bytes = 1 << 20;
  std::optional<std::string> text;
  try {
    text = read_file(path, maximum_bytes);
  } catch (const Error& error) {
    throw Error(ErrorCode::invalid_request, fmt::format("--config: {}", error.what()));
  }
  if (!text) throw Error(ErrorCode::invalid_request, fmt::format("--config: there is no file {}", path));
  std::vector<ConfigEntry> entries;
  try {
    entries = parse_config(*text);
  } catch (const Error& error) {
    throw Error(ErrorCode::invalid_request, fmt::format("{}, {}", path, error.what()));
  }
  Source source;
  for (ConfigEntry& entry : entries) {
    const auto table = setting_table();
    if (std::none_of(table.begin(), table.end(), [&](const Setting& one) { return one.name == entry.name; })) {
      throw Error(ErrorCode::invalid_request,
                  fmt::format("{}, line {}: there is no setting \"{}\"; see --print-config for all", path, entry.line,
                              entry.name));
    }
    source[entry.name] = {std::move(entry.values), fmt::format("{}, line {}: {}", path, entry.line, entry.name)};
  }
  return source;
}

Settings settle(const std::vector<Source>& sources) {
  Settings settings;
  for (const Setting& setting : setting_table()) {
    for (const Source& source : sources) {
      if (const auto given = source.find(setting.name); given != source.end()) {
        apply(settings, setting, given->second);
        break;
      }
    }
  }
  if (settings.data_dir.empty()) settings.data_dir = default_data_dir();
  limits_of(settings);
  callback_secret_of(settings);
  return settings;
}

}  // namespace pysandbox::server
