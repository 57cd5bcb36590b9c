#include "packages/environment_record.hpp"

#include <sys/stat.h>
#include <boost/json/array.hpp>
#include <boost/json/object.hpp>

#include <algorithm>
#include <exception>
#include <filesystem>
#include <system_error>

#include "support/syscall.hpp"
#include "wire/json_document.hpp"

namespace pysandbox::packages {
namespace {

namespace json = boost::json;

constexpr std::size_t most_bytes = 4U << 20;
constexpr std::size_t digest_digits = 64;

std::string text_at(const json::object& object, std::string_view key) {
  const json::string& text = object.at(key).as_string();
  return {text.data(), text.size()};
}

bool is_digest(const std::string& text) {
  return text.size() == digest_digits && text.find_first_not_of("0123456789abcdef") == std::string::npos;
}

std::vector<std::string> names_of_files(const std::string& directory) {
  std::vector<std::string> names;
  std::error_code ignored;
  for (const auto& entry : std::filesystem::directory_iterator(directory, ignored)) {
    names.push_back(entry.path().filename().string());
  }
  std::ranges::sort(names);
  return names;
}

std::chrono::system_clock::time_point last_use(const StoreLayout& layout, const EnvironmentRecord& record) {
  struct stat status {};
  const auto made = std::chrono::system_clock::from_time_t(record.created_at);
  if (::stat(layout.lease(record.digest).c_str(), &status) != 0) return made;
  return std::max(made, std::chrono::system_clock::time_point(std::chrono::seconds(status.st_mtim.tv_sec) +
                                                              std::chrono::nanoseconds(status.st_mtim.tv_nsec)));
}

}  // namespace

std::string to_json(const EnvironmentRecord& record) {
  json::array parts;
  for (const auto& part : record.parts) {
    parts.push_back(json::object{
        {"name", part.package.name}, {"version", part.package.version}, {"wheel", part.wheel}, {"bytes", part.bytes}});
  }
  return write_json(json::object{{"digest", record.digest},
                                 {"python", record.python},
                                 {"size_bytes", record.size_bytes},
                                 {"own_bytes", record.own_bytes},
                                 {"created_at", record.created_at},
                                 {"packages", std::move(parts)}},
                    JsonStyle::indented) +
         "\n";
}

std::optional<EnvironmentRecord> read_record(const StoreLayout& layout, const std::string& digest) {
  const std::string text = read_small_file(layout.environment(digest) + "/environment.json", most_bytes);
  if (text.empty()) return std::nullopt;
  try {
    const json::value value = parse_json(text);
    const json::object& object = value.as_object();
    EnvironmentRecord record{.digest = text_at(object, "digest"),
                             .python = text_at(object, "python"),
                             .size_bytes = object.at("size_bytes").to_number<std::uint64_t>(),
                             .own_bytes = object.at("own_bytes").to_number<std::uint64_t>(),
                             .created_at = object.at("created_at").to_number<std::int64_t>()};
    for (const auto& entry : object.at("packages").as_array()) {
      const json::object& part = entry.as_object();
      record.parts.push_back({{text_at(part, "name"), text_at(part, "version")},
                              text_at(part, "wheel"),
                              part.at("bytes").to_number<std::uint64_t>()});
    }
    if (record.digest == digest) return record;
  } catch (const std::exception&) {
    // Of another version of pysandbox, or damaged: as if it were not there, so that it is made again.
  }
  return std::nullopt;
}

Environment describe(const EnvironmentRecord& record, const StoreLayout& layout,
                     const std::map<std::string, std::string>& names) {
  Environment environment;
  environment.info.digest = record.digest;
  environment.info.python = record.python;
  for (const auto& part : record.parts) environment.info.packages.push_back(part.package);
  if (const auto name = names.find(record.digest); name != names.end()) environment.name = name->second;
  environment.directory = layout.environment(record.digest);
  environment.size_bytes = record.size_bytes;
  environment.created_at = std::chrono::system_clock::from_time_t(record.created_at);
  environment.last_used_at = last_use(layout, record);
  return environment;
}

std::map<std::string, std::string> digest_names(const StoreLayout& layout) {
  std::map<std::string, std::string> names;
  for (const auto& name : names_of_files(layout.names())) names[read_small_file(layout.name(name), 100)] = name;
  return names;
}

std::vector<std::string> all_digests(const StoreLayout& layout) {
  auto digests = names_of_files(layout.environments());
  std::erase_if(digests, [](const std::string& name) { return !is_digest(name); });
  return digests;
}

}  // namespace pysandbox::packages
