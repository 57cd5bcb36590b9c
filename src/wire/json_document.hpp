// JSON text to and from Boost.JSON's values, more strictly and more readably than Boost.JSON does it.
#pragma once

#include <boost/json/value.hpp>

#include <string>
#include <string_view>

#include <pysandbox/json.hpp>

namespace pysandbox {

// Throws Error{invalid_request} for text that is not one JSON value in UTF-8, for a key
// given twice in one object, and for more than 32 levels.
boost::json::value parse_json(std::string_view text);

// Numbers are written as a person would: 30 and 0.5, not 3E1 and 5E-1.
std::string write_json(const boost::json::value& value, JsonStyle style);

}  // namespace pysandbox
