// GET /openapi.json, as it was written by hand: api/openapi.json.
#pragma once

#include <string_view>

namespace pysandbox::server {

std::string_view openapi_document();

}  // namespace pysandbox::server
