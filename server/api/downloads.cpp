#include "api/downloads.hpp"

#include <algorithm>
#include <string>
#include <utility>
#include <variant>

#include "api/refusal.hpp"
#include "http/content_disposition.hpp"
#include "http/entity_tag.hpp"
#include "http/range.hpp"

namespace pysandbox::api {
namespace {

using http::ByteRange;

// The next `length` bytes of `source`.
ByteSource first_bytes(ByteSource source, std::uint64_t length) {
  return [source = std::move(source), left = length](std::span<std::byte> buffer) mutable {
    const std::size_t count =
        source(buffer.first(static_cast<std::size_t>(std::min<std::uint64_t>(buffer.size(), left))));
    left -= count;
    return count;
  };
}

// Only GET knows ranges, and If-Range only as long as the file is the same.
http::RangeChoice choose(const http::Request& request, std::uint64_t size, std::string_view tag) {
  const auto range = request.header("range");
  if (request.method != "GET" || !range) return http::WholeFile{};
  const auto if_range = request.header("if-range");
  if (if_range && !http::matches_strongly(*if_range, tag)) return http::WholeFile{};
  return http::choose_range(*range, size);
}

http::StreamBody body_of(FileStore& files, const StoredFile& file, const ByteRange& range) {
  auto bytes = files.read(file.id, range.first);
  if (!bytes) throw file_not_found();
  return {.bytes = first_bytes(*std::move(bytes), range.length), .size = range.length};
}

http::Response refuse_range(const http::Request& request, const http::Unsatisfiable& range, std::uint64_t size) {
  const Refusal refusal(416, "range_not_satisfiable",
                        "The file has " + std::to_string(size) + " bytes; ask for some of them");
  http::Response response = error_response(refusal, request.id);
  response.headers.emplace_back("Content-Range", http::content_range(range, size));
  return response;
}

}  // namespace

http::Headers download_headers(std::string_view content_type, std::string_view name) {
  return {{"Content-Type", std::string(content_type)},
          {"Content-Disposition", http::attachment(name)},
          {"X-Content-Type-Options", "nosniff"},
          {"Content-Security-Policy", "sandbox; default-src 'none'"},
          {"Cache-Control", "private"}};
}

http::Response file_response(const http::Request& request, FileStore& files, const StoredFile& file,
                             std::string_view name) {
  const std::string tag = '"' + file.sha256 + '"';
  const auto known = request.header("if-none-match");
  if (known && http::matches_any(*known, tag)) {
    return {.status = 304, .headers = {{"ETag", tag}, {"Cache-Control", "private"}}};
  }
  const http::RangeChoice choice = choose(request, file.size, tag);
  if (const auto* beyond = std::get_if<http::Unsatisfiable>(&choice)) return refuse_range(request, *beyond, file.size);

  http::Response response{.status = 200, .headers = download_headers(file.content_type, name)};
  response.headers.emplace_back("ETag", tag);
  response.headers.emplace_back("Accept-Ranges", "bytes");
  if (const auto* range = std::get_if<ByteRange>(&choice)) {
    response.status = 206;
    response.headers.emplace_back("Content-Range", http::content_range(*range, file.size));
    response.body = body_of(files, file, *range);
  } else {
    response.body = body_of(files, file, {.first = 0, .length = file.size});
  }
  return response;
}

}  // namespace pysandbox::api
