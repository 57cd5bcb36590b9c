// Fields like `form-data; name="x"; filename="y"` taken apart.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace pysandbox::http {

struct FieldParameters {
  std::string value;                                            // before the first ';', in lower case
  std::vector<std::pair<std::string, std::string>> parameters;  // names in lower case, values without quotes

  const std::string* find(std::string_view lower_case_name) const;
};

// Nothing if it is not well formed or names a parameter twice. In quotes, a backslash counts only before '"' and '\',
// because browsers send it as it is.
std::optional<FieldParameters> parse_field_parameters(std::string_view field);

// The value of an extended parameter, UTF-8''na%C3%AFve, as UTF-8 (RFC 8187, 3.2); nothing if it is none.
std::optional<std::string> decode_extended(std::string_view value);

}  // namespace pysandbox::http
