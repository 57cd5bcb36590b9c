#include "http/entity_tag.hpp"

#include "http/text.hpp"

namespace pysandbox::http {
namespace {

std::string_view without_weakness(std::string_view tag) {
  if (tag.starts_with("W/")) tag.remove_prefix(2);
  return tag;
}

}  // namespace

bool matches_any(std::string_view if_none_match, std::string_view tag) {
  if (trimmed(if_none_match) == "*") return true;
  while (true) {
    if_none_match = trimmed(if_none_match);
    const std::string_view quoted = without_weakness(if_none_match);
    if (!quoted.starts_with('"')) return false;
    const auto end = quoted.find('"', 1);  // a comma may stand within
    if (end == std::string_view::npos) return false;
    if (quoted.substr(0, end + 1) == without_weakness(tag)) return true;
    if_none_match = trimmed(quoted.substr(end + 1));
    if (!if_none_match.starts_with(',')) return false;
    if_none_match.remove_prefix(1);
  }
}

bool matches_strongly(std::string_view if_range, std::string_view tag) {
  if_range = trimmed(if_range);
  return if_range.starts_with('"') && if_range == tag;
}

}  // namespace pysandbox::http
