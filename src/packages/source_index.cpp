#include "packages/source_index.hpp"

#include <boost/json/array.hpp>

#include <algorithm>

#include <pysandbox/error.hpp>

#include "packages/resolution_files.hpp"
#include "packages/version.hpp"
#include "support/in_quotes.hpp"
#include "value/requirement.hpp"

namespace pysandbox::packages {
namespace {

namespace json = boost::json;

constexpr std::size_t longest_file_name = 255;

std::string text_at(const json::object& object, std::string_view key) {
  const json::string& text = object.at(key).as_string();
  return {text.data(), text.size()};
}

// Nothing for a name that could be something else than a file's, and for a version that is none.
std::optional<SourceFile> source_of(const json::object& event, const std::string& name) {
  SourceFile source{.name = name,
                    .file = text_at(event, "file"),
                    .url = without_credentials_in(text_at(event, "url")),
                    .sha256 = text_at(event, "sha256"),
                    .size = event.at("size").to_number<std::uint64_t>(),
                    .requires_python = text_at(event, "requires_python"),
                    .yanked = event.at("yanked").as_bool()};
  const auto version = version_of_source(source.file, name);
  if (!version) return std::nullopt;
  source.version = *version;
  return source;
}

json::array to_json(const std::vector<std::string>& places) {
  json::array list;
  for (const auto& place : places) list.emplace_back(without_credentials_in(place));
  return list;
}

bool is_asked_exactly(const std::vector<std::string>& specifiers) {
  return std::ranges::any_of(specifiers,
                             [](const std::string& one) { return one.starts_with("==") && !one.ends_with(".*"); });
}

}  // namespace

std::optional<std::string> version_of_source(std::string_view file, std::string_view name) {
  constexpr std::string_view safe = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-+!";
  if (file.size() > longest_file_name || file.find_first_not_of(safe) != file.npos) return std::nullopt;
  const std::string_view* ending = nullptr;
  constexpr std::string_view endings[] = {".tar.gz", ".tgz", ".zip"};
  for (const auto& one : endings) {
    if (file.ends_with(one)) ending = &one;
  }
  if (ending == nullptr) return std::nullopt;
  file.remove_suffix(ending->size());
  for (auto dash = file.find('-'); dash != file.npos; dash = file.find('-', dash + 1)) {
    if (normalized_package_name(file.substr(0, dash)) != name || !parse_version(file.substr(dash + 1))) continue;
    return std::string(file.substr(dash + 1));
  }
  return std::nullopt;
}

std::vector<SourceFile> list_sources(const std::string& name, const IndexPlaces& places, const FetchTask& task,
                                     ProcessLauncher& launcher, const std::stop_token& stop) {
  std::vector<SourceFile> sources;
  bool done = false;
  std::optional<Error> failure;
  const auto hear = [&](const json::object& event) {
    const std::string kind = text_at(event, "event");
    if (kind == "source") {
      if (auto source = source_of(event, name)) sources.push_back(std::move(*source));
    } else if (kind == "failed") {
      failure.emplace(failed_fetch(event, "What sources of " + in_quotes(name) + " there are"));
    } else {
      done = true;
    }
  };
  json::object plan{
      {"sources_of", name}, {"indexes", to_json(places.indexes)}, {"find_links", to_json(places.find_links)}};
  const HostProgramEnd end = run_fetch_program(std::move(plan), task, launcher, hear, stop);
  if (failure) throw *failure;
  if (!done) throw unfinished_fetch(end);
  return sources;
}

std::optional<SourceFile> choose_source(const std::vector<SourceFile>& sources,
                                        const std::vector<std::string>& specifiers, const Interpreter& interpreter,
                                        const std::set<std::string>& tried) {
  const auto python = parse_version(interpreter.version);
  const bool yanked_is_good = is_asked_exactly(specifiers);
  const bool early_is_good = std::ranges::any_of(specifiers, asks_for_early_versions);
  const SourceFile* best = nullptr;
  std::optional<Version> best_version;
  for (const auto& source : sources) {
    const auto version = parse_version(source.version);
    if (!version || tried.contains(source.title()) || (source.yanked && !yanked_is_good)) continue;
    if (python && !fits(*python, source.requires_python).value_or(true))
      continue;  // what cannot be read forbids nothing
    if (!std::ranges::all_of(specifiers, [&](const auto& one) { return fits(*version, one).value_or(false); }))
      continue;
    const auto rank = [&](const Version& one) { return early_is_good || !one.is_before_release(); };
    const bool better =
        !best_version || std::pair(rank(*version), *version) > std::pair(rank(*best_version), *best_version);
    if (!better) continue;
    best = &source;
    best_version = version;
  }
  return best != nullptr ? std::optional(*best) : std::nullopt;
}

}  // namespace pysandbox::packages
