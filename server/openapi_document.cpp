#include "openapi_document.hpp"

#include <cstddef>

extern "C" {
extern const char pysandbox_openapi[];
extern const char pysandbox_openapi_end[];
}

namespace pysandbox::server {

std::string_view openapi_document() {
  return {pysandbox_openapi, static_cast<std::size_t>(pysandbox_openapi_end - pysandbox_openapi)};
}

}  // namespace pysandbox::server
