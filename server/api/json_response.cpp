#include "api/json_response.hpp"

#include "wire/json_document.hpp"

namespace pysandbox::api {

http::Response json_response(int status, const boost::json::value& value) {
  return {.status = status,
          .headers = {{"Content-Type", "application/json; charset=utf-8"},
                      {"X-Content-Type-Options", "nosniff"},
                      {"Cache-Control", "no-store"}},
          .body = write_json(value, JsonStyle::compact)};
}

}  // namespace pysandbox::api
