// Does the client have it already? (RFC 9110, 8.8.3 and 13.1)
#pragma once

#include <string_view>

namespace pysandbox::http {

// By the value of an If-None-Match field and the tag of what is there, with its quotes: true means 304 for GET and
// HEAD.
bool matches_any(std::string_view if_none_match, std::string_view tag);

// By the value of an If-Range field: true means that Range counts. A date never matches, because no answer has one.
bool matches_strongly(std::string_view if_range, std::string_view tag);

}  // namespace pysandbox::http
