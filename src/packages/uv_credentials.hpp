// Names and passwords that uv takes from variables of their own: UV_INDEX_<NAME>_USERNAME and UV_INDEX_<NAME>_PASSWORD
// are for the index of that name.
#pragma once

#include <string_view>
#include <vector>

#include "packages/credentials.hpp"
#include "packages/index_settings.hpp"

namespace pysandbox::packages {

// Those for indexes that UV_INDEX, UV_DEFAULT_INDEX or the text of a uv.toml give a name.
std::vector<Credential> credentials_of_named_indexes(const Variables& environment, std::string_view configuration);

}  // namespace pysandbox::packages
