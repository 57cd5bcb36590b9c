#include "script_metadata.hpp"

#include <fmt/format.h>

#include <optional>

#define TOML_HEADER_ONLY 1
#include <toml++/toml.h>

#include <pysandbox/error.hpp>

namespace pysandbox::cli {
namespace {

constexpr std::string_view beginning = "# /// script";
constexpr std::string_view end_of_block = "# ///";
constexpr const char* remedy = "correct it, or run with --no-script-metadata";

[[noreturn]] void refuse(const std::string& what) {
  throw Error(ErrorCode::invalid_request, fmt::format("the script's block \"# /// script\" {}; {}", what, remedy));
}

std::string_view take_line(std::string_view& rest) {
  const auto end = rest.find('\n');
  std::string_view line = rest.substr(0, end);
  rest.remove_prefix(end == std::string_view::npos ? rest.size() : end + 1);
  if (line.ends_with('\r')) line.remove_suffix(1);
  return line;
}

// The block's lines without their signs; nothing if it has no end, since then it is a comment like any other. The
// last "# ///" of the comment is its end, as the PEP's pattern takes it.
std::optional<std::string> take_block(std::string_view& rest) {
  std::string text;
  std::optional<std::string> block;
  while (!rest.empty()) {
    std::string_view ahead = rest;
    const std::string_view line = take_line(ahead);
    if (line != "#" && !line.starts_with("# ")) break;
    if (line == end_of_block) block = text;
    text += line.substr(line.size() > 1 ? 2 : 1);
    text += '\n';
    rest = ahead;
  }
  return block;
}

std::optional<std::string> find_block(std::string_view code) {
  std::optional<std::string> found;
  for (std::string_view rest = code; !rest.empty();) {
    if (take_line(rest) != beginning) continue;
    auto block = take_block(rest);
    if (block && found) refuse("is there twice");
    if (block) found = std::move(block);
  }
  return found;
}

toml::table parse(const std::string& text) {
  try {
    return toml::parse(text);
  } catch (const toml::parse_error& error) {
    refuse(fmt::format("is no TOML: line {} of it: {}", error.source().begin.line, error.description()));
  }
}

std::vector<std::string> read_dependencies(const toml::table& table) {
  std::vector<std::string> dependencies;
  const toml::node* const given = table.get("dependencies");
  if (given == nullptr) return dependencies;
  if (!given->is_array()) refuse("has dependencies that are no array of strings");
  for (const toml::node& node : *given->as_array()) {
    const auto text = node.value_exact<std::string>();
    if (!text) refuse("has dependencies that are no array of strings");
    dependencies.push_back(*text);
  }
  return dependencies;
}

}  // namespace

ScriptMetadata read_script_metadata(std::string_view code) {
  if (code.find(beginning) == std::string_view::npos) return {};
  const auto block = find_block(code);
  if (!block) return {};
  const toml::table table = parse(*block);
  ScriptMetadata metadata{.dependencies = read_dependencies(table)};
  if (const toml::node* const given = table.get("requires-python")) {
    const auto text = given->value_exact<std::string>();
    if (!text) refuse("has a requires-python that is no string");
    metadata.requires_python = *text;
  }
  return metadata;
}

}  // namespace pysandbox::cli
