// A stored file as an answer: whole, in part, or not at all because the client has it.
#pragma once

#include <string_view>

#include <pysandbox/file_store.hpp>

#include "http/application.hpp"

namespace pysandbox::api {

// Answers GET and HEAD with ETag, Range, If-Range and If-None-Match (RFC 9110, sections 13 and 14). `name` is what the
// client may save it as. Throws a Refusal: 404 if the file is gone, 416 for a range beyond its end.
http::Response file_response(const http::Request& request, FileStore& files, const StoredFile& file,
                             std::string_view name);

// What every download is sent with: nothing in it runs in a browser, whatever it says it is.
http::Headers download_headers(std::string_view content_type, std::string_view name);

}  // namespace pysandbox::api
